using System.Text.RegularExpressions;
using System.Xml.Linq;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

/// <summary>What a run tells a reader.</summary>
internal sealed partial class AccountTests
{
    private static readonly SimulationReport Report = Simulation.Run(new() { Seed = 9, Steps = 2400, Record = true });

    [Test]
    public void Recording_changes_nothing_of_what_happens() =>
        Assert.That(Simulation.Run(Report.Options with { Record = false }).TraceHash, Is.EqualTo(Report.TraceHash));

    [Test]
    public void The_text_has_a_lane_a_node_and_an_arrow_a_message()
    {
        var text = Report.Account!.ToText(2000);
        var lines = text.TrimEnd().Split(Environment.NewLine);
        Assert.That(lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries), Is.SupersetOf(new[] { "n1", "n2", "n3" }));
        Assert.That(text, Does.Contain("leader elected").And.Contain("Vote term").And.Match(@"o-+>.*Append term \d+: \d+ entries behind").And.Match(@"<-+o.*AppendReply term \d+: holds up to"));
        Assert.That(Report.Account.ToText(10).TrimEnd().Split(Environment.NewLine), Has.Length.EqualTo(11));
        var times = lines.Skip(1).Select(static line => double.Parse(line.AsSpan(0, 12), System.Globalization.CultureInfo.InvariantCulture)).ToList();
        Assert.That(times, Is.Ordered);
    }

    [Test]
    public void The_page_is_whole_needs_nothing_else_and_is_safe_against_what_it_tells()
    {
        var page = Report.Account!.ToHtml(200, "Seed 9 <breaks> \"it\"", ["first & last"]);
        var picture = page[page.IndexOf("<svg", StringComparison.Ordinal)..(page.IndexOf("</svg>", StringComparison.Ordinal) + 6)];
        var svg = XElement.Parse(picture);
        Assert.That(svg.Descendants().Count(static element => element.Name.LocalName == "g"), Is.EqualTo(200));
        Assert.That(svg.Descendants().Count(static element => element.Name.LocalName == "title"), Is.EqualTo(200), "details on hover");
        Assert.That(page, Does.Contain("Seed 9 &lt;breaks&gt;").And.Contain("first &amp; last").And.Contain("@media print"));
        Assert.That(Outside().Matches(page.Replace("http://www.w3.org/2000/svg", "", StringComparison.Ordinal)), Is.Empty);
    }

    [GeneratedRegex("https?://|src=|<script|@import")]
    private static partial Regex Outside();
}
