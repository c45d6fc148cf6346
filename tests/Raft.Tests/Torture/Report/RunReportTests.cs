using System.Text.RegularExpressions;
using System.Xml.Linq;
using RaftStream.Raft.Tests.Io;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>What a report of a run is made of. Where RAFTSTREAM_REPORT names a folder, the samples are left there for a reader's eyes.</summary>
internal sealed partial class RunReportTests
{
    private static readonly string[] Pictures = ["rate.svg", "latency.svg", "quantiles.svg"];

    private static readonly RunRecord[] Runs =
    [
        SampleRun.Create(), SampleRun.Create(isViolated: true), SampleRun.Empty(), SampleRun.Empty() with { Length = 50_000_000 },
        SampleRun.Create(seconds: 30) with { Faults = [], Leaders = [] },
        SampleRun.Create(seconds: 30) with { Operations = [] },
        SampleRun.Create(seconds: 3, rate: 1) with { Invalid = ["kill never struck: give the run more time."] },
        Crowded(),
    ];

    [TestCaseSource(nameof(Numbers))]
    public void Page_and_pictures_are_whole_and_need_nothing_else(int number)
    {
        using var folder = new TemporaryFolder();
        RunReport.Write(Runs[number], folder.Path);
        foreach (var file in Pictures.Append("index.html"))
        {
            var text = File.ReadAllText(Path.Combine(folder.Path, file));
            Assert.That(() => XDocument.Parse(text), Throws.Nothing, file);
            Assert.That(Outside().Matches(text.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal)), Is.Empty, file);
            Assert.That(text, Does.Not.Contain("NaN").And.Not.Contain("∞"), file);
            Assert.That(text, Has.Length.LessThan(1_500_000), file);
        }
    }

    [TestCaseSource(nameof(Numbers))]
    public void No_text_of_a_picture_lies_over_another_or_outside_of_it(int number)
    {
        using var folder = new TemporaryFolder();
        RunReport.Write(Runs[number], folder.Path);
        foreach (var file in Pictures)
        {
            var picture = XDocument.Load(Path.Combine(folder.Path, file)).Root!;
            var size = picture.Attribute("viewBox")!.Value.Split(' ').Select(Number).ToArray();
            var boxes = picture.Descendants().Where(static element => element.Name.LocalName == "text").Select(BoxOf).ToArray();
            Assert.That(boxes, Is.Not.Empty);
            foreach (var box in boxes)
                Assert.That(box.Left >= 0 && box.Right <= size[2] && box.Top >= 0 && box.Bottom <= size[3], $"{file}: '{box.Text}' reaches outside: {box}");
            foreach (var (one, other) in boxes.SelectMany((one, place) => boxes.Skip(place + 1).Select(other => (one, other))))
            {
                var areOver = one.Left < other.Right && other.Left < one.Right && one.Top < other.Bottom && other.Top < one.Bottom;
                Assert.That(areOver, Is.False, $"{file}: '{one.Text}' and '{other.Text}' lie over each other.");
            }
        }
    }

    [Test]
    public void Whatever_a_system_says_is_text_and_nothing_more()
    {
        const string Evil = "<script>alert(1)</script>\"'&\0\uD800\u0007]]>";
        var run = SampleRun.Create(seconds: 20);
        run = run with
        {
            System = Evil,
            Driver = Evil,
            Command = Evil,
            Invalid = [Evil],
            NodeLogs = ["javascript:alert(1)", "../a b#?.log"],
            Operations = [.. run.Operations.Select(operation => operation with { Workload = Evil, Call = operation.Call with { Key = Evil, Level = Evil } })],
            Faults = [.. run.Faults.Select(fault => fault with { Nemesis = Evil + fault.Nemesis, What = Evil })],
            Checks = [new(Evil, Evil, Verdict.Illegal, Evil, 1) { Picture = "\"onclick=" }],
        };
        using var folder = new TemporaryFolder();
        RunReport.Write(run, folder.Path);
        foreach (var file in Pictures.Append("index.html"))
        {
            var document = XDocument.Parse(File.ReadAllText(Path.Combine(folder.Path, file)));
            Assert.That(document.Descendants().Any(static element => element.Name.LocalName == "script"), Is.False);
            Assert.That(document.Descendants().Attributes().Any(static attribute => attribute.Name.LocalName.StartsWith("on", StringComparison.Ordinal)), Is.False);
            if (file == "index.html")
            {
                var links = document.Descendants("a").Select(static link => link.Attribute("href")!.Value).ToArray();
                Assert.That(links, Has.Member("javascript%3Aalert%281%29").And.Member("a%20b%23%3F.log").And.Member("%22onclick%3D"));
                Assert.That(document.Descendants("pre").Single().Value, Does.StartWith("<script>alert(1)</script>\"'&\uFFFD\uFFFD\uFFFD"));
            }
        }
    }

    [Test]
    public void The_first_line_is_the_verdict_and_the_command_stands_below()
    {
        using var folder = new TemporaryFolder();
        var run = SampleRun.Create(isViolated: true);
        RunReport.Write(run, folder.Path);
        var body = XDocument.Load(Path.Combine(folder.Path, "index.html")).Root!.Element("body")!;
        Assert.That(body.Elements().First().Value, Is.EqualTo("✗ violation: a promise was broken"));
        Assert.That(body.Element("ul")!.Elements().First().Value, Is.EqualTo("register, linearizable: " + run.Checks[0].Detail));
        Assert.That(body.Element("pre")!.Value, Is.EqualTo(run.Command));
        Assert.That(body.Descendants("a").Select(static link => link.Attribute("href")!.Value), Is.SupersetOf(new[] { "register-k3.html", "results.json", "rate.svg", "node-1.log" }));
    }

    [Test]
    public void Files_that_lie_in_the_folder_are_linked_and_a_report_made_twice_is_the_same()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(Path.Combine(folder.Path, "history-register.jsonl"), "{}");
        string Made()
        {
            RunReport.Write(Runs[0], folder.Path);
            return string.Concat(Directory.EnumerateFiles(folder.Path).Order(StringComparer.Ordinal).Select(File.ReadAllText));
        }

        var first = Made();
        Assert.That(first, Does.Contain("href=\"history-register.jsonl\""));
        Assert.That(Made(), Is.EqualTo(first));
    }

    [Test]
    public void A_run_of_many_operations_is_drawn_with_no_more_marks_than_a_small_one()
    {
        using var folder = new TemporaryFolder();
        RunReport.Write(SampleRun.Create(seconds: 100, rate: 1_500), folder.Path);
        var marks = XDocument.Load(Path.Combine(folder.Path, "latency.svg")).Descendants().Count(static element => element.Name.LocalName == "path");
        Assert.That(marks, Is.InRange(1_700, 3_000));
        Assert.That(XDocument.Load(Path.Combine(folder.Path, "rate.svg")).Descendants().Count(), Is.LessThan(4_000));
    }

    [Test]
    public void Every_sample_has_its_row_in_the_index()
    {
        using var temporary = new TemporaryFolder();
        var folder = Environment.GetEnvironmentVariable("RAFTSTREAM_REPORT") is { Length: > 0 } named ? named : temporary.Path;
        for (var number = 0; number < Runs.Length; number++)
            RunReport.Write(Runs[number], Path.Combine(folder, $"run-{number}"));
        Assert.That(RunIndex.Write(folder), Is.EqualTo(Runs.Length));
    }

    private static IEnumerable<int> Numbers() => Enumerable.Range(0, Runs.Length);

    /// <summary>Twenty minutes of everything: as many leaders, nemeses and names as a picture must bear.</summary>
    private static RunRecord Crowded()
    {
        var run = SampleRun.Create(seconds: 1_200, rate: 20);
        return run with
        {
            Length = run.Length,
            Nodes = 5,
            Faults = [.. Enumerable.Range(0, 900).Select(static number => new RunFault($"nemesis-of-a-long-name-{number % 40}", "all", number * 1_300_000_000L, (number * 1_300_000_000L) + (number % 7 * 900_000_000L), [1, 2, 3, 4, 5], number % 3 > 0))],
            Leaders = [.. Enumerable.Range(0, 300).Select(static number => new RunLeader((number * 4_000_000_000L) - (number % 5 * 800_000_000L), 1 + (number % 5), number + 1))],
        };
    }

    private static (double Left, double Right, double Top, double Bottom, string Text) BoxOf(XElement text)
    {
        var words = string.Concat(text.Nodes().OfType<XText>().Select(static node => node.Value));
        var (x, y, width) = (Number(text.Attribute("x")!.Value), Number(text.Attribute("y")!.Value), words.Length * 7.4);
        var left = text.Attribute("class")?.Value switch
        {
            "end" => x - width,
            "mid" => x - (width / 2),
            _ => x,
        };
        return (left, left + width, y - 11, y + 3, words);
    }

    private static double Number(string text) => double.Parse(text, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex("https?://|src=|<script|@import|url\\((?!#)")]
    private static partial Regex Outside();
}
