using System.Xml.Linq;
using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>The page over all runs.</summary>
internal sealed class RunIndexTests
{
    [Test]
    public void The_newest_run_stands_first_and_links_to_its_page()
    {
        using var folder = new TemporaryFolder();
        var run = SampleRun.Create(seconds: 20);
        RunReport.Write(run with { Began = run.Began.AddHours(1), Seed = ulong.MaxValue }, Path.Combine(folder.Path, "later & <b>"));
        RunReport.Write(run, Path.Combine(folder.Path, "process", "earlier"));
        RunReport.Write(run with { Began = run.Began.AddDays(-1), Checks = [] }, Path.Combine(folder.Path, "a"));
        Assert.That(RunIndex.Write(folder.Path), Is.EqualTo(3));
        var page = XDocument.Load(Path.Combine(folder.Path, "index.html"));
        var rows = page.Descendants("tbody").Single().Elements("tr").ToArray();
        Assert.That(rows.Select(static row => row.Descendants("a").Single().Attribute("href")!.Value), Is.EqualTo(new[] { "later%20%26%20%3Cb%3E/index.html", "process/earlier/index.html", "a/index.html" }));
        Assert.That(rows[0].Elements().Select(static cell => cell.Value), Has.Member("18446744073709551615").And.Member("✓ clean").And.Member("20 s"));
        Assert.That(rows[2].Value, Does.Contain("undecided"));
        Assert.That(page.Descendants("p").First().Value, Is.EqualTo("2 clean, 1 undecided."));
    }

    [Test]
    public void A_damaged_result_is_named_and_skipped()
    {
        using var folder = new TemporaryFolder();
        RunReport.Write(SampleRun.Create(seconds: 20), Path.Combine(folder.Path, "good"));
        var good = File.ReadAllText(Path.Combine(folder.Path, "good", "results.json"));
        (string Name, string Text)[] damages =
        [
            ("cut", good[..(good.Length / 2)]), ("empty", ""), ("null", "null"), ("other", "{\"a\":1}"), ("lacks", good.Replace("\"verdict\": \"clean\"", "\"verdict\": null", StringComparison.Ordinal)),
            ("newer", good.Replace("\"format\": 2", "\"format\": 3", StringComparison.Ordinal)), ("list", "[]"), ("nulls", good.Replace("\"faults\": [", "\"faults\": [ null,", StringComparison.Ordinal)), ("deep", new string('[', 10_000)),
        ];
        foreach (var (name, text) in damages)
        {
            Directory.CreateDirectory(Path.Combine(folder.Path, name));
            File.WriteAllText(Path.Combine(folder.Path, name, "results.json"), text);
        }

        Assert.That(RunIndex.Write(folder.Path), Is.EqualTo(1));
        var page = XDocument.Load(Path.Combine(folder.Path, "index.html"));
        Assert.That(page.Descendants("li").Select(static item => item.Value.Split(':')[0]), Is.EqualTo(damages.Select(static damage => damage.Name).Order(StringComparer.Ordinal)));
        Assert.That(page.Descendants("li").Single(static item => item.Value.StartsWith("newer", StringComparison.Ordinal)).Value, Is.EqualTo("newer: it has format 3, and only 2 is known here."));
    }

    [Test]
    public void A_folder_without_runs_has_a_page_that_says_so_and_a_run_is_no_folder_of_runs()
    {
        using var folder = new TemporaryFolder();
        Assert.That(RunIndex.Write(folder.Path), Is.Zero);
        Assert.That(File.ReadAllText(Path.Combine(folder.Path, "index.html")), Does.Contain("There is no run here yet."));
        RunReport.Write(SampleRun.Empty(), folder.Path);
        Assert.That(() => RunIndex.Write(folder.Path), Throws.ArgumentException.With.Message.Contains("name the folder above it"));
    }
}
