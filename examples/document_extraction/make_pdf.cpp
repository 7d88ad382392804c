#include "make_pdf.hpp"

#include <hpdf.h>

#include <memory>
#include <stdexcept>

namespace extraction {

void make_pdf(const std::string& path, const std::vector<std::vector<std::string>>& pages) {
    constexpr HPDF_REAL size = 12;
    constexpr HPDF_REAL left = 60;
    constexpr HPDF_REAL top = 780;
    constexpr HPDF_REAL line_height = 18;
    const std::unique_ptr<_HPDF_Doc_Rec, void (*)(HPDF_Doc)> made{HPDF_New(nullptr, nullptr),
                                                                  HPDF_Free};
    if (!made) throw std::runtime_error("libharu has no memory");
    const HPDF_Font font = HPDF_GetFont(made.get(), "Helvetica", nullptr);
    for (const auto& lines : pages) {
        const HPDF_Page page = HPDF_AddPage(made.get());
        HPDF_Page_SetSize(page, HPDF_PAGE_SIZE_A4, HPDF_PAGE_PORTRAIT);
        HPDF_Page_BeginText(page);
        HPDF_Page_SetFontAndSize(page, font, size);
        HPDF_REAL at = top;
        for (const std::string& line : lines) {
            HPDF_Page_TextOut(page, left, at, line.c_str());
            at -= line_height;
        }
        HPDF_Page_EndText(page);
    }
    if (HPDF_SaveToFile(made.get(), path.c_str()) != HPDF_OK)
        throw std::runtime_error("cannot write " + path);
}

}  // namespace extraction
