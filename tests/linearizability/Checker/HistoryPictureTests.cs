using System.Xml.Linq;
using RaftStream.Testing;

namespace RaftStream.Linearizability.Tests.Checker;

/// <summary>The picture shows what the checker found, needs nothing from elsewhere, and stays small.</summary>
[TestFixture]
internal sealed class HistoryPictureTests
{
    [Test]
    public void AnIllegalHistoryShowsWhatCannotBeOrderedAndWhatIsOpen()
    {
        var recorder = new HistoryRecorder();
        recorder.Invoke(7, "<k>", OperationFunction.Write, 9);
        recorder.Ok(recorder.Invoke(0, "<k>", OperationFunction.Write, 1));
        recorder.Ok(recorder.Invoke(1, "<k>", OperationFunction.Read), 2);
        recorder.Ok(recorder.Invoke(0, "<k>", OperationFunction.Write, 3));

        var html = Draw(recorder, HistoryModel.Register);

        Assert.That(Classes(html), Is.EqualTo(new[] { "ordered", "unordered", "open" }), "the lanes in order; what comes after the prefix is not drawn");
        Assert.That(html, Does.Contain("not linearizable").And.Contain("Key \"&lt;k&gt;\"").And.Contain("read -&gt; 2").And.Contain("class=\"end\""));
        Assert.That(html, Does.Not.Contain("<k>").And.Not.Contain("http"));
    }

    [Test]
    public void ALegalHistoryShowsTheOrderFound()
    {
        var recorder = new HistoryRecorder();
        recorder.Invoke(7, "k", OperationFunction.Add, 9);
        recorder.Ok(recorder.Invoke(0, "k", OperationFunction.Read), 9);

        var html = Draw(recorder, HistoryModel.Counter);

        Assert.That(Classes(html), Is.EqualTo(new[] { "ordered", "effect" }));
        Assert.That(html, Does.Contain(">2 read=9<").And.Contain(">1 add 9<"));
    }

    [Test]
    public void ALargeHistoryIsDrawnOnlyNearItsEnd()
    {
        var history = new BusyClients(HistoryModel.Register, seed: 9) { BreakAt = 9_000 }.Run(10, 10_000, keys: 1, lost: 0.01);

        var html = HistoryPicture.ToHtml([new("large", LinearizabilityChecker.Check(history, HistoryModel.Register))]);

        Assert.That(html, Has.Length.LessThan(1 << 20));
        Assert.That(Titles(html).Distinct(StringComparer.Ordinal).Count(), Is.EqualTo(HistoryPicture.MaxOperations));
        Assert.That(Classes(html), Does.Contain("unordered"));
        Assert.That(html, Does.Contain("earlier operations are left out"));
    }

    private static string Draw(HistoryRecorder recorder, HistoryModel model) =>
        HistoryPicture.ToHtml([new("a test", LinearizabilityChecker.Check(recorder.ToHistory(), model))]);

    private static IEnumerable<string> Classes(string html) => Groups(html).Select(static group => group.Attribute("class")!.Value);

    private static IEnumerable<string> Titles(string html) => Groups(html).Select(static group => group.Element("title")!.Value);

    // The drawings alone are well-formed XML.
    private static IEnumerable<XElement> Groups(string html) =>
        from part in html.Split("<svg ").Skip(1)
        from element in XElement.Parse("<svg " + part[..(part.IndexOf("</svg>", StringComparison.Ordinal) + 6)]).Elements("g")
        select element;
}
