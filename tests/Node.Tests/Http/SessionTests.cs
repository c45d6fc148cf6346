using System.Net.Http.Json;
using Microsoft.AspNetCore.Http;
using RaftStream.Hosting.Http;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Http;

/// <summary>Sessions and refusals as clients see them over HTTP.</summary>
[TestFixture]
internal sealed class SessionTests
{
    [Test]
    public async Task AWriteOfASessionCountsOnceHoweverOftenItIsSentAndToWhomever()
    {
        await using var cluster = await TestCluster.StartAsync(3);
        using var http = HttpClients.Create();
        var session = await OpenAsync(http, cluster.Local.Members[0].HttpAddress);

        foreach (var member in cluster.Local.Members)
        {
            using var response = await AddAsync(http, member.HttpAddress, session, sequence: 1, answered: 0);
            Assert.That((await response.Content.ReadFromJsonAsync(NodeJson.Default.CounterJson))!.Value, Is.EqualTo(5));
        }

        using var next = await AddAsync(http, cluster.Local.Members[0].HttpAddress, session, sequence: 2, answered: 1);
        Assert.That((await next.Content.ReadFromJsonAsync(NodeJson.Default.CounterJson))!.Value, Is.EqualTo(10));
        using var stale = await AddAsync(http, cluster.Local.Members[1].HttpAddress, session, sequence: 1, answered: 0);
        Assert.That(await CodeAsync(stale), Is.EqualTo("session-stale"));
    }

    [Test]
    public async Task ASessionThatIsClosedOrOfAnotherIncarnationRunsNothing()
    {
        await using var cluster = await TestCluster.StartAsync(1);
        using var http = HttpClients.Create();
        var node = cluster.Local.Members[0].HttpAddress;
        var session = await OpenAsync(http, node);

        using var other = await AddAsync(http, node, "7" + session[session.IndexOf('.', StringComparison.Ordinal)..], sequence: 1, answered: 0);
        Assert.That(await CodeAsync(other), Is.EqualTo("session-expired"));
        using var closed = await http.DeleteAsync(new Uri($"{node}/v1/sessions/{session}"));
        Assert.That(closed.IsSuccessStatusCode);
        using var late = await AddAsync(http, node, session, sequence: 1, answered: 0);
        Assert.That(((int)late.StatusCode, await CodeAsync(late)), Is.EqualTo((410, "session-expired")));
        using var read = await http.GetAsync(new Uri($"{node}/v1/counters/hits"));
        Assert.That((await read.Content.ReadFromJsonAsync(NodeJson.Default.CounterJson))!.Value, Is.Zero);
    }

    [TestCase("0.1", "", "", SessionHeaders.Number)]
    [TestCase("0.1", "0", "", SessionHeaders.Number)]
    [TestCase("0.1", "1", "1", SessionHeaders.Answered)]
    [TestCase("0.1", "1", "-1", SessionHeaders.Answered)]
    [TestCase("1", "1", "0", SessionHeaders.Session)]
    [TestCase("", "1", "0", SessionHeaders.Session)]
    public void HeadersThatMakeNoSenseAreNamed(string session, string sequence, string answered, string named)
    {
        var headers = new HeaderDictionary { [SessionHeaders.Session] = session, [SessionHeaders.Number] = sequence, [SessionHeaders.Answered] = answered };

        Assert.That(SessionHeaders.TryRead(headers, out _, out var problem), Is.False);
        Assert.That(problem, Does.StartWith($"The header {named}"));
    }

    [Test]
    public void EveryRefusalHasACodeAndASentenceThatSaysWhatToDo()
    {
        foreach (var refusal in Enum.GetValues<Refusal>().Except([Refusal.None, Refusal.ReplyNotKept]))
        {
            var problem = Problems.For(Outcome.Rejected, refusal).Value!;
            Assert.That((problem.Outcome, problem.Detail.EndsWith('.'), problem.Code.Length > 0), Is.EqualTo(("rejected", true, true)), $"{refusal}");
            Assert.That(problem.Code == ProblemCodes.NoLeader, Is.EqualTo(refusal is Refusal.NotLeader or Refusal.NotReady or Refusal.NoLeader or Refusal.LostLeadership), $"{refusal}");
        }

        Assert.That(Problems.For(Outcome.Rejected, Refusal.StorageFull).StatusCode, Is.EqualTo(507));
        Assert.That(Problems.For(Outcome.Unknown, Refusal.StorageFull).Value!.Outcome, Is.EqualTo("unknown"));
    }

    private static async Task<string> OpenAsync(HttpClient http, string node)
    {
        using var body = JsonContent.Create(new OpenSessionBody(60_000), NodeJson.Default.OpenSessionBody);
        using var opened = await http.PostAsync(new Uri(node + "/v1/sessions"), body);
        return (await opened.Content.ReadFromJsonAsync(NodeJson.Default.SessionJson))!.Session;
    }

    private static async Task<HttpResponseMessage> AddAsync(HttpClient http, string node, string session, long sequence, long answered)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, node + "/v1/counters/hits/add?delta=5");
        request.Headers.Add(SessionHeaders.Session, session);
        request.Headers.Add(SessionHeaders.Number, $"{sequence}");
        request.Headers.Add(SessionHeaders.Answered, $"{answered}");
        return await http.SendAsync(request);
    }

    private static async Task<string> CodeAsync(HttpResponseMessage response) => (await response.Content.ReadFromJsonAsync(NodeJson.Default.ProblemJson))!.Code;
}
