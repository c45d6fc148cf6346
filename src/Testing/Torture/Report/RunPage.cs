using System.Globalization;
using System.Text;

namespace RaftStream.Testing;

/// <summary>The page of one run: the verdict first, then how to repeat it, then figures and pictures, and last where everything else lies.</summary>
internal sealed class RunPage(RunFigures figures, RunResults results)
{
    /// <summary>The most reasons, faults and files that are listed; of more the page says how many.</summary>
    public const int MostRows = 500;

    private readonly StringBuilder _html = new();

    /// <summary>Writes it.</summary>
    /// <param name="rate">The time line.</param>
    /// <param name="latency">Latency over time.</param>
    /// <param name="quantiles">Quantiles of latency.</param>
    /// <param name="files">The files of the run, as paths in its folder.</param>
    public string Write(string rate, string latency, string quantiles, IReadOnlyList<string> files)
    {
        var name = $"{results.System}, {results.Nodes} nodes, driver {results.Driver}, seed {results.Seed.ToString(CultureInfo.InvariantCulture)}";
        _html.Append(HtmlPage.Open($"{results.Verdict}: {name}", SvgChart.Style + "\n" + ReportStyle.Rules));
        Verdict(name);
        Heading("What it comes to");
        Figures();
        Heading("Over time");
        _html.Append(rate).Append("<p class=\"note\">Numbers on faults are the nodes that were struck. Hover over anything for details.</p>\n");
        if (figures.AfterTheEnd > 0)
            _html.Append(CultureInfo.InvariantCulture, $"<p class=\"note\">{FigureText.Count(figures.AfterTheEnd)} operations ended after the clients had stopped, such as the final reads. They count in all figures but those over time.</p>\n");
        Heading("Latency");
        _html.Append(latency).Append(quantiles);
        Latencies();
        Heading("Checks");
        Checks();
        Heading("Faults");
        Faults();
        Heading("Workloads");
        Workloads();
        Heading("Files");
        Files(files);
        return _html.Append(HtmlPage.Close).ToString();
    }

    private void Heading(string text) => _html.Append("<h2>").Append(HtmlPage.Safe(text)).Append("</h2>\n");

    private void Verdict(string name)
    {
        var sentence = results.Verdict switch
        {
            "clean" => "no promise was found broken, and the run proves what it should",
            "violation" => "a promise was broken",
            "undecided" when results.Checks.Count == 0 => "nothing was checked",
            "undecided" => "nothing was found, and a check came to no end",
            _ => "nothing was found, and the run proves less than it should",
        };
        _html.Append(CultureInfo.InvariantCulture, $"<h1 class=\"verdict {ReportStyle.Class(results.Verdict)}\">{ReportStyle.Verdict(results.Verdict)}: {sentence}</h1>\n");
        _html.Append(CultureInfo.InvariantCulture, $"<p>{HtmlPage.Safe(name)}; {ReportStyle.Date(results.Began)}, {FigureText.Duration(results.Seconds)}. To repeat it:</p>\n<pre>{HtmlPage.Safe(results.Command)}</pre>\n");
        if (results.Reasons.Count > 0)
        {
            _html.Append("<p>Why:</p>\n<ul>\n");
            foreach (var reason in results.Reasons.Take(MostRows))
                _html.Append("<li>").Append(HtmlPage.Safe(reason)).Append("</li>\n");
            _html.Append("</ul>\n");
            Rest(results.Reasons.Count);
        }

        var pictures = results.Checks.Where(static check => check.Picture is not null).Take(MostRows).ToArray();
        if (pictures.Length > 0)
            _html.Append("<p>Pictures of it: ").AppendJoin(", ", pictures.Select(static check => $"<a href=\"{HtmlPage.Link(check.Picture!)}\">{HtmlPage.Safe(check.Workload)}, {HtmlPage.Safe(check.Checker)}</a>")).Append(".</p>\n");
    }

    private void Figures()
    {
        var (operations, availability, throughput) = (results.Operations, results.Availability, results.Throughput);
        var took = results.Faults.Sum(static fault => fault.TookEffect);
        (string Name, string Value)[] rows =
        [
            ("operations", FigureText.Count(operations.All)),
            ("ok", $"{FigureText.Count(operations.Ok)} ({Share(operations.Ok)})"),
            ("failed (certainly not done)", $"{FigureText.Count(operations.Failed)} ({Share(operations.Failed)})"),
            ("unknown (perhaps done)", $"{FigureText.Count(operations.Unknown)} ({Share(operations.Unknown)})"),
            ("ok a second, whole run", FigureText.Rate(throughput.Mean)),
            ("ok a second, before faults", FigureText.Rate(throughput.BeforeFaults)),
            ("ok a second, after faults", FigureText.Rate(throughput.AfterFaults)),
            ("longest gap without an ok", results.Seconds == 0 ? "–" : $"{FigureText.Duration(results.LongestGapSeconds)}, from {FigureText.At(results.LongestGapAtSeconds)}"),
            ("availability, whole run", FigureText.Share(availability.All)),
            ("availability, majority untouched", FigureText.Share(availability.WithMajority)),
            ("faults", $"{FigureText.Count(results.Faults.Sum(static fault => fault.Count))}, of which {FigureText.Count(took)} took effect"),
            ("leaderships seen", FigureText.Count(results.Elections)),
            ("checks", $"{FigureText.Count(results.Checks.Count)}, {FigureText.Duration(results.Checks.Sum(static check => check.Seconds))} in all"),
            ("valid", results.Valid ? "yes" : "no"),
        ];
        _html.Append("<table>\n<tbody>\n");
        for (var row = 0; row < rows.Length / 2; row++)
        {
            var (left, right) = (rows[row], rows[row + (rows.Length / 2)]);
            _html.Append(ReportStyle.Row(left.Name, Cell.Number(left.Value), right.Name, Cell.Number(right.Value)));
        }

        _html.Append(ReportStyle.Foot).Append("<p class=\"note\">Availability is the share of tenths of a second in which something was answered ok; with the majority untouched, of those in which faults were in force on less than half of the nodes.</p>\n");
    }

    private string Share(long count) => FigureText.Share(results.Operations.All == 0 ? null : (double)count / results.Operations.All);

    private void Latencies()
    {
        _html.Append(ReportStyle.Head(["operation", .. Numbers("ok", "50 %", "90 %", "99 %", "99.9 %", "longest")]));
        foreach (var kind in results.Functions)
            _html.Append(ReportStyle.Row([NameOf(kind), Cell.Number(kind.Operations.Ok), .. Quantiles(kind)]));
        _html.Append(ReportStyle.Foot).Append("<p class=\"note\">Latencies are those of calls that were answered ok, of all workloads together. A command of a session, and a provisional write whose fate is asked for, counts from its first attempt to the answer that ended it, which may have come when all was mended.</p>\n");
    }

    private void Checks()
    {
        _html.Append(ReportStyle.Head("workload", "checker", "verdict", "what was found", Cell.Number("time")));
        foreach (var check in results.Checks.OrderBy(static check => ReportStyle.Rank(check.Verdict)))
        {
            var picture = check.Picture is { } file ? $" <a href=\"{HtmlPage.Link(file)}\">picture</a>" : "";
            _html.Append(ReportStyle.Row(Cell.Name(check.Workload), Cell.Name(check.Checker), Cell.Verdict(check.Verdict), new(HtmlPage.Safe(check.Detail) + picture, ""), Cell.Number(FigureText.Duration(check.Seconds))));
        }

        _html.Append(ReportStyle.Foot);
        if (results.Checks.Count == 0)
            _html.Append("<p>Nothing was checked.</p>\n");
    }

    private void Faults()
    {
        if (results.Faults.Count == 0)
        {
            _html.Append("<p>There were none.</p>\n");
            return;
        }

        _html.Append(ReportStyle.Head(["nemesis", .. Numbers("faults", "took effect", "in force")]));
        foreach (var fault in results.Faults)
            _html.Append(ReportStyle.Row(fault.Nemesis, Cell.Number(fault.Count), Cell.Number(fault.TookEffect), Cell.Number(FigureText.Duration(fault.Seconds))));
        _html.Append(ReportStyle.Foot).Append("<details><summary>Every fault</summary>\n").Append(ReportStyle.Head([.. Numbers("from", "to"), "nemesis", "what", "nodes", "took effect"]));
        foreach (var fault in figures.Run.Faults.OrderBy(static fault => fault.Began).Take(MostRows))
            _html.Append(ReportStyle.Row(Cell.Number(FigureText.At(fault.Began / 1e9)), Cell.Number(FigureText.At(fault.Ended / 1e9)), fault.Nemesis, fault.What, string.Join(' ', fault.Nodes), fault.TookEffect ? "yes" : "no"));
        _html.Append(ReportStyle.Foot);
        Rest(figures.Run.Faults.Count);
        _html.Append("</details>\n");
    }

    private void Workloads()
    {
        _html.Append(ReportStyle.Head(["workload", "operation", .. Numbers("ok", "failed", "unknown", "50 %", "99 %", "longest")]));
        foreach (var workload in results.Workloads)
        {
            foreach (var kind in workload.Functions)
            {
                var quantiles = Quantiles(kind);
                _html.Append(ReportStyle.Row(
                    workload.Workload, NameOf(kind), Cell.Number(kind.Operations.Ok), Cell.Number(kind.Operations.Failed), Cell.Number(kind.Operations.Unknown),
                    quantiles[0], quantiles[2], quantiles[4]));
            }
        }

        _html.Append(ReportStyle.Foot);
    }

    private void Files(IReadOnlyList<string> files)
    {
        _html.Append("<ul>\n");
        foreach (var file in files.Take(MostRows))
            _html.Append(CultureInfo.InvariantCulture, $"<li><a href=\"{HtmlPage.Link(file)}\">{HtmlPage.Safe(file)}</a>{(results.NodeLogs.Contains(file, StringComparer.Ordinal) ? " (what a node said)" : "")}</li>\n");
        _html.Append("</ul>\n");
        Rest(files.Count);
    }

    private void Rest(int count)
    {
        if (count > MostRows)
            _html.Append(CultureInfo.InvariantCulture, $"<p>and {FigureText.Count(count - MostRows)} more.</p>\n");
    }

    private static string NameOf(FunctionResults kind) => kind.Level is { } level ? $"{kind.Function} ({level})" : kind.Function;

    private static Cell[] Numbers(params ReadOnlySpan<string> names)
    {
        var cells = new Cell[names.Length];
        for (var name = 0; name < names.Length; name++)
            cells[name] = Cell.Number(names[name]);
        return cells;
    }

    private static Cell[] Quantiles(FunctionResults kind)
    {
        double?[] quantiles = [kind.LatencyMs?.P50, kind.LatencyMs?.P90, kind.LatencyMs?.P99, kind.LatencyMs?.P999, kind.LatencyMs?.Max];
        return [.. quantiles.Select(static quantile => Cell.Number(quantile is { } some ? FigureText.Duration(some / 1e3) : "–"))];
    }
}
