#!/usr/bin/env python3
"""Shows that run.py fails where it must, and that the cases leave no sentence out."""

import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
HEADERS = HERE.parent.parent / "include" / "statemachine"
REFUSING = ["field.hpp", "guard.hpp", "effect.hpp", "transition.hpp",
            "detail/refuse_names.hpp", "detail/refuse_rules.hpp"]

COMPILER = "c++"

REFUSED = """\
// expect: no horse
// names:  barn
template <class Name>
inline constexpr bool has_horse = false;
template <class Name>
constexpr bool inspect() {
    static_assert(has_horse<Name>, "no horse");
    return true;
}
struct barn {};
#ifdef REFUSED
static_assert(inspect<barn>());
#else
static_assert(!has_horse<barn>);
#endif
"""

LETTERS = """\
// expect: no horse
// names:  barn
template <char... Letter>
struct in {};
template <class Name>
inline constexpr bool has_horse = false;
template <class Name>
constexpr bool inspect() {
    static_assert(has_horse<Name>, "no horse");
    return true;
}
#ifdef REFUSED
static_assert(inspect<in<'b', 'a', 'r', 'n'>>());
#endif
"""


class Driver(unittest.TestCase):
    def drive(self, *programs):
        """Exit code and output of run.py over these programs."""
        with tempfile.TemporaryDirectory() as directory:
            for i, program in enumerate(programs):
                (pathlib.Path(directory) / f"case{i}.cpp").write_text(program)
            done = subprocess.run([sys.executable, str(HERE / "run.py"), "--compiler", COMPILER,
                                   directory], capture_output=True, text=True)
        return done.returncode, done.stdout

    def refuses(self, program, why):
        code, output = self.drive(program)
        self.assertEqual(code, 1, output)
        self.assertIn(why, output)
        self.assertTrue(output.endswith("0 passed, 1 failed\n"), output)

    def test_passes_a_case_that_is_refused_as_it_says(self):
        code, output = self.drive(REFUSED)
        self.assertEqual(code, 0, output)
        self.assertTrue(output.endswith("1 passed, 0 failed\n"), output)

    def test_reads_a_name_that_is_printed_letter_by_letter(self):
        code, output = self.drive(LETTERS)
        self.assertEqual(code, 0, output)

    def test_fails_when_the_wrong_program_compiles(self):
        self.refuses(REFUSED.replace("static_assert(inspect<barn>());", ""),
                     "the wrong program compiles")

    def test_fails_when_the_sentence_differs(self):
        self.refuses(REFUSED.replace("expect: no horse", "expect: no cow"), "does not say `no cow`")

    def test_fails_when_the_sentence_comes_second(self):
        self.refuses(REFUSED.replace("#ifdef REFUSED\n",
                                     "#ifdef REFUSED\nstatic_assert(has_horse<int>, \"early\");\n"),
                     "does not say `no horse`")

    def test_fails_when_a_name_is_missing(self):
        self.refuses(REFUSED.replace("names:  barn", "names:  barn, stable"),
                     "does not name stable")

    def test_fails_when_a_name_is_only_a_part_of_another(self):
        self.refuses(REFUSED.replace("names:  barn", "names:  bar"), "does not name bar")

    def test_fails_when_only_the_second_error_names_it(self):
        self.refuses(REFUSED.replace("names:  barn", "names:  stable")
                     .replace("#else", 'static_assert(has_horse<int>, "stable");\n#else'),
                     "does not name stable")

    def test_fails_when_the_twin_does_not_compile(self):
        self.refuses(REFUSED.replace("#else", "#else\nstatic_assert(false);"),
                     "the right twin does not compile")

    def test_fails_when_the_twin_warns(self):
        self.refuses(REFUSED.replace("#else", "#else\n#pragma message(\"careful\")"),
                     "the right twin compiles with warnings")

    def test_tells_twins_apart(self):
        code, output = self.drive(REFUSED, REFUSED.replace("#else", "#else\nstatic_assert(false);"))
        self.assertEqual(code, 1, output)
        self.assertTrue(output.endswith("1 passed, 1 failed\n"), output)

    def test_fails_without_a_sentence(self):
        self.refuses(REFUSED.replace("// expect: no horse\n", ""), "needs one `// expect:`")

    def test_fails_without_a_wrong_program(self):
        self.refuses(REFUSED.replace("#ifdef REFUSED", "#if 0"), "needs one `// expect:`")

    def test_fails_when_no_case_is_found(self):
        code, output = self.drive()
        self.assertNotEqual(code, 0)
        self.assertEqual(output, "0 passed, 0 failed\n")


class Cases(unittest.TestCase):
    def sentences(self):
        for header in REFUSING:
            text = re.sub(r'"\s*"', "", (HEADERS / header).read_text())
            found = re.findall(r'"statemachine: ([^"]*)"', text)
            self.assertTrue(found, f"{header} holds no sentence")
            yield from found

    def test_expect_every_sentence(self):
        expected = [re.search(r"^// expect: *(.*\S)", case.read_text(), re.M)[1]
                    for case in HERE.rglob("*.cpp")]
        forgotten = [sentence for sentence in self.sentences()
                     if not any(each in sentence for each in expected)]
        self.assertEqual(forgotten, [])

    def test_know_a_sentence_for_every_flaw(self):
        kinds = re.search(r"enum class flaw_kind.*?\{(.*?)\};",
                          (HEADERS / "detail" / "flaw.hpp").read_text(), re.S)[1]
        refusals = "".join((HEADERS / each).read_text() for each in REFUSING)
        silent = [kind for kind in re.findall(r"\w+", kinds)
                  if kind != "none" and f"Kind == {kind})" not in refusals]
        self.assertEqual(silent, [])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--compiler", default=COMPILER)
    options, rest = parser.parse_known_args()
    COMPILER = options.compiler
    unittest.main(argv=[sys.argv[0], *rest])
