using System.Globalization;
using System.Text;
using System.Text.Json;

namespace RaftStream.Testing;

/// <summary>Writes a page over all runs below a folder, the newest first, from their results.json.</summary>
internal static class RunIndex
{
    /// <summary>The most runs on the page: the newest.</summary>
    public const int MostRuns = 1_000;

    // Nothing here writes as much; what is larger is no result, and is not read.
    private const long MostBytes = 16L << 20;
    private const int MostFound = 20_000;

    // A run lies directly in the folder or two folders further down; the nodes' own data, which lie deeper, are not searched.
    private static readonly EnumerationOptions Search = new() { RecurseSubdirectories = true, MaxRecursionDepth = 3, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint };

    /// <summary>Writes index.html into the folder. A file that cannot be read is named on the page and left out.</summary>
    /// <returns>How many runs it shows.</returns>
    /// <exception cref="ArgumentException">The folder is a run's own: its page would be overwritten.</exception>
    public static int Write(string folder)
    {
        if (File.Exists(Path.Combine(folder, RunReport.ResultsFile)))
            throw new ArgumentException($"The folder {folder} holds a run of its own, and its page would be overwritten: name the folder above it.", nameof(folder));
        var found = Directory.EnumerateFiles(folder, RunReport.ResultsFile, Search).Take(MostFound)
            .Select(static file => (File: file, Written: File.GetLastWriteTimeUtc(file))).OrderByDescending(static file => file.Written).ToArray();
        var runs = new List<(string Folder, RunResults Results)>();
        var damaged = new List<string>();
        foreach (var (file, _) in found.Take(MostRuns))
        {
            var name = Path.GetRelativePath(folder, Path.GetDirectoryName(file)!).Replace('\\', '/');
            if (Read(file, out var why) is { } results)
                runs.Add((name, results));
            else
                damaged.Add($"{name}: {why}");
        }

        runs.Sort(static (one, other) => other.Results.Began.CompareTo(one.Results.Began) is not 0 and var order ? order : string.CompareOrdinal(one.Folder, other.Folder));
        damaged.Sort(StringComparer.Ordinal);
        File.WriteAllText(Path.Combine(folder, RunReport.PageFile), Page(runs, damaged, found.Length - Math.Min(found.Length, MostRuns)));
        return runs.Count;
    }

    private static RunResults? Read(string file, out string why)
    {
        why = "";
        try
        {
            if (new FileInfo(file).Length > MostBytes)
            {
                why = $"it has more than {FigureText.Count(MostBytes)} bytes, which no result has.";
                return null;
            }

            var results = JsonSerializer.Deserialize(File.ReadAllBytes(file), RunResultsJson.Default.RunResults);

            // The reader of JSON keeps null out of every place but the elements of a list.
            if (results is { Format: RunResults.CurrentFormat } && !results.Faults.Contains(null!))
                return results;
            why = results is { Format: RunResults.CurrentFormat } ? "a fault in it is null." : results is null ? "it is empty." : string.Create(CultureInfo.InvariantCulture, $"it has format {results.Format}, and only {RunResults.CurrentFormat} is known here.");
        }
        catch (Exception exception) when (exception is JsonException or IOException or UnauthorizedAccessException)
        {
            why = exception.Message;
        }

        return null;
    }

    private static string Page(List<(string Folder, RunResults Results)> runs, List<string> damaged, int leftOut)
    {
        var html = new StringBuilder(HtmlPage.Open("Runs of the fault lab", ReportStyle.Rules + "\nbody{max-width:1500px}\n@page{size:A4 landscape}"));
        html.Append("<h1>Runs of the fault lab</h1>\n<p>");
        html.AppendJoin(", ", runs.GroupBy(static run => run.Results.Verdict, StringComparer.Ordinal).OrderBy(static group => group.Key, StringComparer.Ordinal)
            .Select(static group => $"{FigureText.Count(group.Count())} {HtmlPage.Safe(group.Key)}").DefaultIfEmpty("There is no run here yet"));
        html.Append(".</p>\n");
        html.Append(ReportStyle.Head("run", "verdict", "began", "system", "driver", Cell.Number("nodes"), Cell.Number("seed"), Cell.Number("length"), Cell.Number("operations"), Cell.Number("unknown"), Cell.Number("faults"), Cell.Number("elections"), Cell.Number("longest gap")));
        foreach (var (folder, results) in runs)
            html.Append(Row(folder, results));
        html.Append(ReportStyle.Foot);
        if (leftOut > 0)
            html.Append(CultureInfo.InvariantCulture, $"<p>{FigureText.Count(leftOut)} older runs are left out.</p>\n");
        if (damaged.Count > 0)
        {
            html.Append("<h2>Results that cannot be read</h2>\n<ul>\n");
            foreach (var one in damaged)
                html.Append("<li>").Append(HtmlPage.Safe(one)).Append("</li>\n");
            html.Append("</ul>\n");
        }

        return html.Append(HtmlPage.Close).ToString();
    }

    private static string Row(string folder, RunResults results) => ReportStyle.Row(
        new($"<a href=\"{HtmlPage.Link(folder)}/{RunReport.PageFile}\">{HtmlPage.Safe(folder)}</a>", ""),
        Cell.Verdict(results.Verdict),
        ReportStyle.Date(results.Began),
        Cell.Name(results.System),
        Cell.Name(results.Driver),
        Cell.Number(results.Nodes),
        Cell.Number(results.Seed.ToString(CultureInfo.InvariantCulture)),
        Cell.Number(FigureText.Duration(results.Seconds)),
        Cell.Number(results.Operations.All),
        Cell.Number(FigureText.Share(results.UnknownShare)),
        Cell.Number(results.Faults.Sum(static fault => (long)fault.Count)),
        Cell.Number(results.Elections),
        Cell.Number(FigureText.Duration(results.LongestGapSeconds)));
}
