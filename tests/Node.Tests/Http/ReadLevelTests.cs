using Microsoft.AspNetCore.Http;
using RaftStream.Hosting.Http;

namespace RaftStream.Node.Tests.Http;

/// <summary>How a request says at which level it wants to be read, and what is said of one that says it wrongly.</summary>
internal sealed class ReadLevelTests
{
    [TestCase("", "linearizable")]
    [TestCase("?consistency=linearizable", "linearizable")]
    [TestCase("?consistency=lease", "lease")]
    [TestCase("?consistency=bounded&max-age-ms=500", "bounded; max-age-ms=500")]
    [TestCase("?consistency=session&token=2@57", "session; token=2@57")]
    [TestCase("?consistency=eventual", "eventual")]
    public void What_the_query_says_the_header_says_too(string query, string text)
    {
        Assert.That(Read(query).Level?.ToString(), Is.EqualTo(text));
        Assert.That(Read("", text).Level, Is.EqualTo(Read(query).Level));
        Assert.That(Read(query, text).Level, Is.EqualTo(Read(query).Level), "both say the same");
    }

    [TestCase("?consistency=strong", "no consistency 'strong'")]
    [TestCase("?consistency=", "no consistency ''")]
    [TestCase("?consistency=Eventual", "no consistency 'Eventual'")]
    [TestCase("?consistency=eventual&consistency=lease", "more than once")]
    [TestCase("?max-age-ms=500", "no consistency that it belongs to")]
    [TestCase("?token=0@1", "no consistency that it belongs to")]
    [TestCase("?consistency=bounded", "lacks its bound")]
    [TestCase("?consistency=bounded&max-age-ms=0", "lacks its bound")]
    [TestCase("?consistency=bounded&max-age-ms=-1", "lacks its bound")]
    [TestCase("?consistency=bounded&max-age-ms=86400001", "lacks its bound")]
    [TestCase("?consistency=bounded&max-age-ms=1.5", "lacks its bound")]
    [TestCase("?consistency=bounded&max-age-ms=5&token=0@1", "takes no token")]
    [TestCase("?consistency=lease&max-age-ms=5", "takes no max-age-ms")]
    [TestCase("?consistency=session", "lacks what it must have seen")]
    [TestCase("?consistency=session&token=0.7", "lacks what it must have seen")]
    [TestCase("?consistency=session&token=0@-7", "lacks what it must have seen")]
    [TestCase("?consistency=session&token=0@99999999999999999999", "lacks what it must have seen")]
    public void A_wrong_query_is_told_where_it_is_wrong(string query, string part) =>
        Assert.That(Read(query).Problem, Does.Contain(part).And.Contain("query").And.EndWith("."));

    [TestCase("", "no consistency ''")]
    [TestCase("bounded", "lacks its bound")]
    [TestCase("bounded; max-age-ms=5; max-age-ms=6", "nothing that belongs")]
    [TestCase("eventual; q=1", "nothing that belongs")]
    public void A_wrong_header_is_told_where_it_is_wrong(string header, string part) =>
        Assert.That(Read("", header).Problem, Does.Contain(part).And.Contain(ReadLevel.Header).And.EndWith("."));

    [Test]
    public void Query_and_header_that_differ_are_refused_and_neither_wins()
    {
        Assert.That(Read("?consistency=eventual", "lease").Problem, Does.Contain("'eventual'").And.Contain("'lease'"));
        Assert.That(Read("?consistency=bounded&max-age-ms=5", "bounded; max-age-ms=6").Problem, Does.Contain("the same in both"));
    }

    [Test]
    public void Of_two_tokens_the_one_of_the_later_incarnation_covers_more()
    {
        Assert.That(new ReadToken(1, new(5)).CompareTo(new(0, new(9))), Is.Positive);
        Assert.That(new ReadToken(1, new(5)).CompareTo(new(1, new(9))), Is.Negative);
        Assert.That(ReadToken.TryParse(new ReadToken(3, new(9)).ToString(), out var read) ? read : default, Is.EqualTo(new ReadToken(3, new(9))));
    }

    private static (ReadLevel? Level, string? Problem) Read(string query, string? header = null)
    {
        var context = new DefaultHttpContext();
        context.Request.QueryString = new(query);
        if (header is not null)
            context.Request.Headers[ReadLevel.Header] = header;
        return ReadLevel.TryRead(context.Request, out var level, out var problem) ? (level, null) : (null, problem);
    }
}
