"""Draws what compare.py measured: build/peers/results.json to docs/images/bench-{networks,layers,threads}.svg.

    /usr/bin/python3 bench/peers/plot.py [RESULTS [FOLDER]]

The pictures stand on pages with a light and with a dark background: they have none of their own, and lines and letters are of a
grey that is readable on both."""
import json
import os
import sys

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
GREY = "#808080"
# Readable on white and on black, and told apart without seeing red and green.
COLOURS = {("gpen", "bf16"): "#8a63d2", ("gpen", "fp32"): "#2f81f7", ("onnxruntime", "folded"): "#e08a00",
           ("onnxruntime", "published"): "#b86e3c", ("pytorch", "published"): "#8c959f"}

plt.rcParams.update({"text.color": GREY, "axes.labelcolor": GREY, "axes.edgecolor": GREY, "xtick.color": GREY, "ytick.color": GREY,
                     "axes.spines.top": False, "axes.spines.right": False, "font.size": 10, "svg.hashsalt": "gpen",
                     "svg.fonttype": "none", "font.family": "sans-serif", "legend.frameon": False})


def look(row):
    """(colour, name) of an engine in a form and precision."""
    name = "gpen, " + row["precision"] if row["engine"] == "gpen" else row["label"]
    return COLOURS[row["engine"], row["precision"] if row["engine"] == "gpen" else row["form"]], name


def save(figure, folder, name):
    path = os.path.join(folder, f"bench-{name}.svg")
    figure.savefig(path, transparent=True, bbox_inches="tight", metadata={"Date": None})
    plt.close(figure)
    print(path)


def draw_networks(networks, folder):
    """A row of bars a network, each network with its own scale: they are a hundredfold apart."""
    figure, axes = plt.subplots(len(networks), figsize=(8, 0.5 + sum(0.3 * len(n["rows"]) + 0.45 for n in networks)), squeeze=False,
                                gridspec_kw={"height_ratios": [len(n["rows"]) for n in networks], "hspace": 0.7})
    for axis, network in zip(axes[:, 0], networks):
        rows = network["rows"][::-1]
        axis.barh([look(row)[1] for row in rows], [row["median_s"] for row in rows], 0.7, color=[look(row)[0] for row in rows])
        for place, row in enumerate(rows):
            share = f", {row['share']:.2f} of ONNX Runtime" if row["engine"] == "gpen" and row["share"] is not None else ""
            axis.annotate(f"{1000 * row['median_s']:.0f} ms" + share, (row["median_s"], place), xytext=(4, 0), textcoords="offset points", va="center")
        axis.set_title(f"{network['title']}, {network['threads']} threads", loc="left", fontsize=10, fontweight="bold", color=GREY)
        axis.set_xlim(0, 1.12 * max(row["median_s"] for row in rows))
        axis.set_xticks([])
        axis.spines["bottom"].set_visible(False)
        axis.tick_params(axis="y", length=0)
    save(figure, folder, "networks")


def layer_label(name):
    """The channels and the height out of a step's name: "64->32 @256"."""
    return " ".join(word.partition("x")[0] for word in name.split() if "->" in word or word[0] == "@")


def draw_layers(networks, folder):
    """Every step as a block as wide as the time it takes and as high as the share of the processor's peak that its products
    reach; those that are wide and high enough say which they are."""
    networks = [network for network in networks if network["roof"]]
    if not networks:
        return
    figure, axes = plt.subplots(len(networks), figsize=(8, 1.9 * len(networks)), squeeze=False, gridspec_kw={"hspace": 0.75})
    for axis, network in zip(axes[:, 0], networks):
        # A peak measured while something else ran is too low, never too high.
        peak = max(other["roof"]["gflops_fp32"] for other in networks if other["threads"] == network["threads"])
        steps = [step for step in network["layers"]["fp32"] if step["seconds"] > 0]
        shares = [100 * step["gflop_executed"] / step["seconds"] / peak for step in steps]
        widths = [1000 * step["seconds"] for step in steps]
        starts = [sum(widths[:place]) for place in range(len(widths))]
        axis.bar(starts, shares, widths, align="edge", color=COLOURS["gpen", "fp32"], edgecolor=GREY, linewidth=0.3)
        for start, width, share, step in zip(starts, widths, shares, steps):
            if width > sum(widths) / 30 and share > 72:
                axis.annotate(layer_label(step["name"]), (start + width / 2, 0), xytext=(0, 3), textcoords="offset points", rotation=90,
                              ha="center", va="bottom", color="white", fontsize=6.5)
        mean = 100 * sum(step["gflop_executed"] for step in steps) / (sum(widths) / 1000) / peak
        axis.axhline(mean, color=COLOURS["onnxruntime", "folded"], linewidth=1, linestyle="--")
        axis.annotate(f"{mean:.0f} % over all", (sum(widths), mean), xytext=(0, 3), textcoords="offset points", ha="right",
                      color=COLOURS["onnxruntime", "folded"])
        axis.set(xlim=(0, sum(widths)), ylim=(0, 100), ylabel="% of peak", xlabel="ms into the run, a block a step", yticks=(0, 50, 100))
        axis.set_title(f"{network['title']}, fp32, {network['threads']} threads: peak {peak:.0f} GFLOP/s", loc="left", fontsize=10, fontweight="bold",
                       color=GREY)
    save(figure, folder, "layers")


def draw_threads(sweep, folder):
    """Seconds against threads, a panel a size."""
    if not sweep:
        return
    figure, axes = plt.subplots(1, len(sweep), figsize=(2.7 * len(sweep) + 1, 2.8), squeeze=False, gridspec_kw={"wspace": 0.45})
    for axis, network in zip(axes[0], sweep):
        lines = {}
        for step in network["steps"]:
            for row in step["rows"]:
                lines.setdefault(look(row), []).append((step["threads"], row["median_s"]))
        for (colour, name), points in lines.items():
            axis.plot(*zip(*points), marker="o", color=colour, label=name)
        axis.set_title(network["title"], fontsize=10, fontweight="bold", color=GREY)
        axis.set(xlabel="threads", ylim=(0, None), xticks=[step["threads"] for step in network["steps"]])
    axes[0][0].set_ylabel("seconds a run")
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="lower center", ncol=4, bbox_to_anchor=(0.5, 0.93))
    save(figure, folder, "threads")


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(ROOT, "build", "peers", "results.json")
    folder = sys.argv[2] if len(sys.argv) > 2 else os.path.join(ROOT, "docs", "images")
    with open(path, encoding="utf-8") as file:
        results = json.load(file)
    networks = list(results["networks"].values())
    if networks:
        draw_networks(networks, folder)
        draw_layers(networks, folder)
    draw_threads(sorted(results["sweep"].values(), key=lambda network: network["width"]), folder)


if __name__ == "__main__":
    main()
