using System.Text.Json;

namespace RaftStream.Testing;

/// <summary>
/// Writes what a run came to into its folder: results.json for programs, index.html for people, and its pictures as files of their own. Written twice it
/// is the same. Other files in the folder, such as histories and the nodes' logs, are linked and not touched.
/// </summary>
internal static class RunReport
{
    /// <summary>The file for programs.</summary>
    public const string ResultsFile = "results.json";

    /// <summary>The file for people.</summary>
    public const string PageFile = "index.html";

    private static readonly string[] Own = [ResultsFile, "rate.svg", "latency.svg", "quantiles.svg"];

    /// <summary>Writes it; the folder is made if it is missing. Gives the figures back.</summary>
    /// <exception cref="ArgumentException">The run's length is negative or beyond ten days: it is in another unit.</exception>
    public static RunResults Write(RunRecord run, string folder)
    {
        ArgumentNullException.ThrowIfNull(run);
        var figures = new RunFigures(run);
        var results = figures.ToResults();
        var (rate, latency, quantiles) = (RateChart.Draw(figures), LatencyChart.Draw(figures), QuantileChart.Draw(figures));
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, ResultsFile), JsonSerializer.Serialize(results, RunResultsJson.Default.RunResults) + "\n");
        File.WriteAllText(Path.Combine(folder, "rate.svg"), rate.ToFile());
        File.WriteAllText(Path.Combine(folder, "latency.svg"), latency.ToFile());
        File.WriteAllText(Path.Combine(folder, "quantiles.svg"), quantiles.ToFile());
        var page = new RunPage(figures, results).Write(rate.ToInline(), latency.ToInline(), quantiles.ToInline(), FilesOf(run, folder));
        File.WriteAllText(Path.Combine(folder, PageFile), page);
        return results;
    }

    /// <summary>The files to link: those made here, those that the run names, and what else lies directly in the folder.</summary>
    private static List<string> FilesOf(RunRecord run, string folder)
    {
        var named = Own.Concat(run.NodeLogs).Concat(run.Checks.Select(static check => check.Picture).OfType<string>());
        var there = Directory.EnumerateFiles(folder).Select(static file => Path.GetFileName(file)).Where(static file => file != PageFile).Order(StringComparer.Ordinal);
        return [.. named.Concat(there).Distinct(StringComparer.Ordinal)];
    }
}
