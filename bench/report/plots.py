"""The report's figures."""

import matplotlib
from results import ROOT, median

matplotlib.use("svg")
matplotlib.rcParams.update({"svg.hashsalt": "statemachine", "svg.fonttype": "none",
                            "font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
from matplotlib import pyplot  # noqa: E402

PLACE = ROOT / "docs/performance"
DATABASES = (("sqlite", "SQLite"), ("postgres", "PostgreSQL"))


def save(figure, name):
    PLACE.mkdir(parents=True, exist_ok=True)
    figure.tight_layout()
    figure.savefig(PLACE / f"{name}.svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
    return f"![{name}](performance/{name}.svg)"


def bars(axes, labels, groups):
    """Medians as bars, the least and the most as whiskers."""
    height = 0.8 / len(groups)
    for at, (name, all_values) in enumerate(groups):
        places = [i + at * height for i in range(len(labels))]
        middles = [median(values) or 0 for values in all_values]
        whiskers = [[m - min(v) if v else 0 for m, v in zip(middles, all_values)],
                    [max(v) - m if v else 0 for m, v in zip(middles, all_values)]]
        axes.barh(places, middles, height, xerr=whiskers, label=name,
                  error_kw={"elinewidth": 0.7})
    axes.set_yticks([i + 0.4 - height / 2 for i in range(len(labels))], labels)
    axes.invert_yaxis()


def overhead(section):
    figure, both = pyplot.subplots(1, 2, figsize=(9, 5))
    for axes, (database, title) in zip(both, DATABASES):
        names = section.names(f"overhead/{database}/relaxed/")
        bars(axes, [each.rpartition("/")[2] for each in names],
             [(words, [section.ratios(each, "library_us", f"{by}_us") for each in names])
              for by, words in (("raw", "its own SQL"), ("hand", "the statement by hand"))])
        axes.axvline(1, color="black", linewidth=0.7)
        axes.set_title(title)
        axes.set_xlabel("time, as a multiple of that by hand")
    both[0].legend(fontsize=8)
    return save(figure, "overhead")


def contention(section):
    figure, all_axes = pyplot.subplots(2, 2, figsize=(9, 6))
    for column, (database, title) in enumerate(DATABASES):
        counts = sorted(int(each.rpartition("/")[2])
                        for each in section.names(f"contention/{database}/hot_job/"))
        above, below = all_axes[0][column], all_axes[1][column]
        for counter, words in (("won_p50_us", "winner, p50"), ("lost_p50_us", "losers, p50"),
                               ("lost_p99_us", "losers, p99")):
            above.plot(counts, [median(section.values(f"contention/{database}/hot_job/{n}",
                                                      counter)) for n in counts],
                       marker="o", markersize=3, label=words)
        above.set_yscale("log")
        above.set_title(f"{title}: all want one job")
        above.set_ylabel("microseconds a call")
        for kind in ("threads", "processes"):
            shown = [n for n in counts
                     if section.values(f"contention/{database}/many_jobs/{kind}/{n}", "per_s")]
            below.plot(shown, [median(section.values(
                f"contention/{database}/many_jobs/{kind}/{n}", "per_s")) for n in shown],
                       marker="o", markersize=3, label=kind)
        below.set_ylim(bottom=0)
        below.set_title(f"{title}: many jobs")
        below.set_ylabel("claims a second")
        below.set_xlabel("contenders")
        for axes in (above, below):
            axes.legend(fontsize=8)
    return save(figure, "contention")


def peers(section):
    figure, both = pyplot.subplots(1, 2, figsize=(9, 4))
    for axes, (part, title) in zip(both, (("submit", "submit"), ("work", "claim and complete"))):
        names = section.names("peers/")
        bars(axes, [each.partition("/")[2].partition("/")[2].replace("/queued:", ", ")
                    for each in names],
             [("", [section.ratios(each, f"library_{part}_per_s", f"peer_{part}_per_s")
                    for each in names])])
        axes.axvline(1, color="black", linewidth=0.7)
        axes.set_xscale("log")
        axes.set_title(title)
        axes.set_xlabel("the library's rate, as a multiple of the peer's")
    both[1].set_yticklabels([])
    return save(figure, "peers")


def growth(section):
    figure, both = pyplot.subplots(1, 2, figsize=(9, 3))
    for axes, (database, title) in zip(both, DATABASES):
        names = section.names(f"growth/{database}/")
        bars(axes, [each.partition("/")[2].partition("/")[2].replace("_", " ") for each in names],
             [(words, [section.ratios(each, f"fresh{kind}_us", f"aged{kind}_us")
                       for each in names])
              for kind, words in (("", "one by one"), ("_batch", "batches of 100"))])
        axes.axvline(1, color="black", linewidth=0.7)
        axes.set_title(title)
        axes.set_xlabel("claim rate, as a multiple of a fresh table's")
    both[0].legend(fontsize=8)
    return save(figure, "growth")
