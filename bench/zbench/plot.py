"""The plot of auth: CPU per query by scenario and server, drawn by gnuplot as SVG."""
import shutil
import subprocess

BARS = ("authd", "nsd", "knot", "bind", "pdns", "echo")
HEAD = """set terminal svg size 1100,520 font "sans-serif,13" background "white"
set output "{out}"
set title "CPU per UDP query (us, user + system), medians; {machine}"
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.85 border -1
set grid ytics
set yrange [0:*]
set key outside right top
set datafile missing "-"
"""


def draw(results, folder):
    """Draws what was measured into bench-auth.svg; says so where it cannot."""
    costs = {name.removeprefix("auth."): result["costs"] for name, result in results.items() if name.startswith("auth.") and "costs" in result}
    if not costs:
        return
    gnuplot = shutil.which("gnuplot")
    if not gnuplot:
        print("no plot: gnuplot is missing (apt-get install gnuplot-nox)")
        return
    data, out = folder / "bench-auth.dat", folder / "bench-auth.svg"
    bars = [bar for bar in BARS if any(bar in cost for cost in costs.values())]
    rows = [" ".join(["scenario", *bars])]
    rows += [" ".join([name, *(f"{cost[bar]['us_per_query']:.3f}" if bar in cost else "-" for bar in bars)]) for name, cost in costs.items()]
    data.write_text("\n".join(rows) + "\n")
    plots = ", ".join(f'"{data}" using {column}:xtic(1) title columnheader({column})' for column in range(2, len(bars) + 2))
    script = HEAD.format(out=out, machine="one worker, dnsperf on the other core") + f"plot {plots}\n"
    run = subprocess.run([gnuplot], input=script, capture_output=True, text=True, check=False)
    print(f"plotted to {out}" if run.returncode == 0 else f"no plot: gnuplot failed: {run.stderr.strip()}")
