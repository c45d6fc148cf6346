using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;
using RaftStream.Client.Tests.Support;
using RaftStream.Hosting.Http;
using RaftStream.Hosting.Security;
using RaftStream.Node.Tests.Support;
using Addresses = RaftStream.Raft.Wire.Addresses;

namespace RaftStream.Client.Tests.Security;

/// <summary>Who may do what on the ports of a cluster with TLS, tokens and an authority of clients, at the node that leads and at one that passes on.</summary>
[TestFixture]
internal sealed class SecuredPortsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly PortAsker[] Ports = [new HttpAsker(), new ClientAsker(), new RespAsker()];

    private SecuredCluster _cluster = null!;

    [OneTimeSetUp]
    public async Task StartAsync() => _cluster = await SecuredCluster.StartAsync();

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    [Test]
    public Task WithoutATokenNobodyReadsOrWrites() => AllSayAsync(new(), PortAsker.Unauthenticated, PortAsker.Unauthenticated);

    [Test]
    public Task AWrongTokenIsNobody() => AllSayAsync(new(AccessToken.Create()), PortAsker.Unauthenticated, PortAsker.Unauthenticated);

    [Test]
    public Task AReadersTokenReads() => AllSayAsync(new(_cluster.Reader), PortAsker.Done, PortAsker.Forbidden);

    [Test]
    public Task AWritersTokenWrites() => AllSayAsync(new(_cluster.Writer), PortAsker.Done, PortAsker.Done);

    [Test]
    public Task ACertificateThatReadsReads() => AllSayAsync(new(Files: _cluster.Authority.Client("alice", "read")), PortAsker.Done, PortAsker.Forbidden);

    [Test]
    public Task ACertificateThatWritesWrites() => AllSayAsync(new(Files: _cluster.Authority.Client("bob", "write")), PortAsker.Done, PortAsker.Done);

    [Test]
    public Task ACertificateWithoutARoleMayDoNothing() => AllSayAsync(new(Files: _cluster.Authority.Client("carol", null)), PortAsker.Forbidden, PortAsker.Forbidden);

    [Test]
    public Task ATokenGoesBeforeACertificate() => AllSayAsync(new(_cluster.Writer, _cluster.Authority.Client("alice", "read")), PortAsker.Done, PortAsker.Done);

    [Test]
    public Task AnExpiredCertificateIsRefusedInTheHandshake() =>
        AllSayAsync(new(_cluster.Writer, _cluster.Authority.Client("alice", "admin", TimeSpan.FromHours(-1))), PortAsker.NoConnection, PortAsker.NoConnection);

    [Test]
    public Task AForeignCertificateIsRefusedInTheHandshake() => AllSayAsync(new(_cluster.Writer, _cluster.Foreign.Client("alice", "admin")), PortAsker.NoConnection, PortAsker.NoConnection);

    [Test]
    public Task PlainTextAgainstAPortWithTlsIsNoConnection() => AllSayAsync(new(_cluster.Writer, IsPlain: true), PortAsker.NoConnection, PortAsker.NoConnection);

    [Test]
    public Task AClientThatTrustsAnotherAuthorityDoesNotTalkToTheNodes() => AllSayAsync(new(_cluster.Writer, Authority: _cluster.Foreign.AuthorityFile), PortAsker.NoConnection, PortAsker.NoConnection);

    [Test]
    public async Task ARevokedTokenEndsAtOpenConnectionsToo()
    {
        var token = TokenFile.Add(_cluster.TokensFile, "fleeting", AccessRole.Write);
        var (leader, _) = await _cluster.NodesAsync();
        foreach (var port in Ports)
            await Eventually.HoldsAsync(async () => await port.AskAsync(_cluster, leader, new(token), isWrite: true) == PortAsker.Done, $"{port} knows the new token", Limit);
        using var http = _cluster.Client(new(token));
        await using var client = await RaftStreamClient.ConnectAsync(Options(token) with { Nodes = [leader.Client!] });
        Assert.That((await client.AddAsync("fleeting", 1)).Outcome, Is.EqualTo(ClientOutcome.Applied));

        TokenFile.Revoke(_cluster.TokensFile, "fleeting");
        await Eventually.HoldsAsync(async () => (await client.GetAsync("fleeting")).Refusal == ClientRefusal.Unauthenticated, "the open connection is refused", Limit);
        Assert.That((int)(await http.GetAsync(new Uri($"https://{leader.Http}/v1/counters/fleeting"))).StatusCode, Is.EqualTo(401));
    }

    [Test]
    public async Task ARevokedTokenEndsWhatIsWatchedThroughEveryPort()
    {
        var token = TokenFile.Add(_cluster.TokensFile, "watcher", AccessRole.Read);
        var (_, follower) = await _cluster.NodesAsync();
        foreach (var port in Ports)
            await Eventually.HoldsAsync(async () => await port.AskAsync(_cluster, follower, new(token), isWrite: false) == PortAsker.Done, $"{port} knows the new token", Limit);
        using var http = _cluster.Client(new(token));
        using var response = await http.GetAsync(new Uri($"https://{follower.Http}/v1/watch?prefix=watched/"), HttpCompletionOption.ResponseHeadersRead);
        var events = response.Content.ReadAsStringAsync();
        await using var client = await RaftStreamClient.ConnectAsync(Options(token));
        await using var watch = new WatchReader(client.WatchAsync(ClientWatchFilter.Prefix("watched/")));
        await watch.UntilAsync(static told => told.Kind == ClientWatchKind.Progress);
        using var resp = await RespClient.ConnectAsync(follower.Resp!, _cluster.Tls(new(token)));
        Assert.That((await resp.AskAsync("AUTH", token), await resp.AskAsync("RS.WATCH", "PREFIX", "watched/")), Is.EqualTo(("+OK", "+OK")));
        Assert.That(events.IsCompleted, Is.False);

        TokenFile.Revoke(_cluster.TokensFile, "watcher");
        const string Sentence = "The token or certificate by which this was opened is not good any more, so it ends here: open it again with another one.";
        var told = await events.WaitAsync(Limit);
        Assert.That(told.Split("\n\n", StringSplitOptions.RemoveEmptyEntries)[^1], Does.StartWith("event: ended\ndata: {").And.Contain("\"code\":\"unauthenticated\"").And.Contain(Sentence));
        var ended = await Assert.ThrowsAsync<RaftStreamClientException>(() => watch.NextAsync().WaitAsync(Limit));
        Assert.That(ended!.Refusal, Is.EqualTo(ClientRefusal.Unauthenticated), $"by the connection, or a new one: {ended.Message}");
        string pushed;
        do
            pushed = await resp.ReadAsync();
        while (!pushed.Contains("\"ended\"", StringComparison.Ordinal));
        Assert.That(pushed, Does.Contain(Sentence));
        Assert.That((int)(await http.GetAsync(new Uri($"https://{follower.Http}/v1/watch?prefix=watched/"))).StatusCode, Is.EqualTo(401), "and nobody comes back in");
    }

    [Test]
    public async Task APageThatWaitsTellsNothingThatHappensOnceTheTokenIsRevoked()
    {
        var token = TokenFile.Add(_cluster.TokensFile, "waiter", AccessRole.Read);
        var (leader, _) = await _cluster.NodesAsync();
        await Eventually.HoldsAsync(async () => await Ports[1].AskAsync(_cluster, leader, new(token), isWrite: false) == PortAsker.Done, "the node knows the new token", Limit);
        var dialled = await NodeConnection.DialAsync(Addresses.TryParse(leader.Client!)!, new(null, "test", token), 4, TimeProvider.System, _cluster.Tls(new(token)), CancellationToken.None);
        await using var connection = dialled.Connection!;
        var page = await AskAsync(null);
        while (page.Watch!.Mark.Hash is not null || page.Watch.Items.Count > 0)
            page = await AskAsync(page);
        var waits = AskAsync(page, WatchTerms.MaxWaitMs).AsTask();

        TokenFile.Revoke(_cluster.TokensFile, "waiter");
        await Eventually.HoldsAsync(async () => (await connection.SendAsync(new(RequestKind.Get) { Key = "k", Level = new(ConsistencyLevel.Eventual) }, Limit, CancellationToken.None)).Refusal == ClientRefusal.Unauthenticated, "the open connection is refused", Limit);
        Assert.That(waits.IsCompleted, Is.False);
        await using var writer = await RaftStreamClient.ConnectAsync(Options(_cluster.Writer));
        Assert.That((await writer.AddAsync("waited", 1)).Outcome, Is.EqualTo(ClientOutcome.Applied));
        var answer = await waits.WaitAsync(Limit);
        Assert.That((answer.Outcome, answer.Refusal, answer.Watch), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.Unauthenticated, (EventPage?)null)));

        ValueTask<AnswerMessage> AskAsync(AnswerMessage? behind, long wait = 100) => connection.SendAsync(
            new(RequestKind.Watch) { Watch = new(ClientFilterKind.Key, "waited", wait, behind is { } known ? new(known.Incarnation, known.Watch!.Mark, IsNew: false) : null) }, TimeSpan.FromMilliseconds(wait) + Limit, CancellationToken.None);
    }

    [Test]
    public async Task TheClientLibraryWritesWithATokenAndReadsBack()
    {
        await using var client = await RaftStreamClient.ConnectAsync(Options(_cluster.Writer));
        Assert.That((await client.AddAsync("library", 3)).Value, Is.EqualTo(3));
        Assert.That((await client.GetAsync("library")).Value, Is.EqualTo(3));
        var refused = await Assert.ThrowsAsync<RaftStreamClientException>(async () => await RaftStreamClient.ConnectAsync(Options(AccessToken.Create())));
        Assert.That(refused!.Refusal, Is.EqualTo(ClientRefusal.Unauthenticated));
        Assert.That($"{Options(_cluster.Writer)} {new RaftStream.Raft.Wire.ClientGreeting(null, "a", _cluster.Writer)}", Does.Not.Contain(_cluster.Writer));
    }

    [Test]
    public async Task HealthAndDescriptionAreOpenAndMembersAreForTheAdministrator()
    {
        var (_, follower) = await _cluster.NodesAsync();
        using var nobody = _cluster.Client(new());
        foreach (var path in new[] { "/healthz", "/readyz", "/openapi.json" })
            Assert.That((int)(await nobody.GetAsync(new Uri($"https://{follower.Http}{path}"))).StatusCode, Is.EqualTo(200), path);
        using var refused = await nobody.GetAsync(new Uri($"https://{follower.Http}/v1/status"));
        Assert.That(((int)refused.StatusCode, refused.Headers.WwwAuthenticate.ToString()), Is.EqualTo((401, "Bearer realm=\"raftstream\"")));
        foreach (var (token, status) in new[] { (_cluster.Writer, 403), (_cluster.Admin, 200) })
        {
            using var http = _cluster.Client(new(token));
            Assert.That((int)(await http.GetAsync(new Uri($"https://{follower.Http}/v1/admin/members"))).StatusCode, Is.EqualTo(status));
        }
    }

    [Test]
    public async Task OnlyWhoKnowsTheNodesSecretIsBelievedWhoAsks()
    {
        var (leader, _) = await _cluster.NodesAsync();
        const string Request = "POST /v1/counters/forged/add";
        Assert.That(await ForwardAsync(leader.Http, Request, Vouch(NodeSecret.Create(), Request)), Is.EqualTo(401));
        Assert.That(await ForwardAsync(leader.Http, Request, Vouch(_cluster.Secret, Request + "?delta=2")), Is.EqualTo(401), "made for another request");
        Assert.That(await ForwardAsync(leader.Http, Request, null), Is.EqualTo(401));
        using var http = _cluster.Client(new());
        http.DefaultRequestHeaders.Add(NodeVouch.Header, Vouch(_cluster.Secret, "GET /v1/counters/forged"));
        Assert.That((int)(await http.GetAsync(new Uri($"https://{leader.Http}/v1/counters/forged"))).StatusCode, Is.EqualTo(401), "not in an envelope");
        Assert.That(await ForwardAsync(leader.Http, Request, Vouch(_cluster.Secret, Request)), Is.EqualTo(200), "a node's");
    }

    [Test]
    public async Task ATokenThatIsPassedOnIsJudgedAgainWhateverANodeSaysOfIt()
    {
        var (leader, _) = await _cluster.NodesAsync();
        const string Request = "POST /v1/counters/forged/add";
        foreach (var vouch in new[] { null, Vouch(_cluster.Secret, Request) })
        {
            Assert.That(await ForwardAsync(leader.Http, Request, vouch, _cluster.Reader), Is.EqualTo(403));
            Assert.That(await ForwardAsync(leader.Http, Request, vouch, AccessToken.Create()), Is.EqualTo(401));
            Assert.That(await ForwardAsync(leader.Http, Request, vouch, _cluster.Writer), Is.EqualTo(200));
        }
    }

    [Test]
    public async Task TheProgramWritesThroughAFollowerWithItsTokenAndIsRefusedWithout()
    {
        var (_, follower) = await _cluster.NodesAsync();
        string[] common = ["--server", follower.Http, "--tls-ca", _cluster.Authority.AuthorityFile];
        var file = _cluster.Folder.Write("token-of-writer", _cluster.Writer + "\n");
        var added = await RaftStreamProgram.RunAsync(["add", "program", "5", "--token-file", file, .. common]);
        Assert.That((added.ExitCode, added.Output.Trim()), Is.EqualTo((0, "5")), added.Error);
        var got = await RaftStreamProgram.RunAsync(["get", "program", "--token-file", file, .. common]);
        Assert.That((got.ExitCode, got.Output.Trim()), Is.EqualTo((0, "5")), got.Error);
        var other = await RaftStreamProgram.RunAsync(["get", "program", .. common], [("RAFTSTREAM_TOKEN", _cluster.Reader)]);
        Assert.That((other.ExitCode, other.Output.Trim()), Is.EqualTo((0, "5")), other.Error);
        var certificate = _cluster.Authority.Client("script", "write");
        var shown = await RaftStreamProgram.RunAsync(["add", "program", "1", "--tls-cert", certificate.Certificate, "--tls-key", certificate.Key, .. common]);
        Assert.That((shown.ExitCode, shown.Output.Trim()), Is.EqualTo((0, "6")), shown.Error);

        var refused = await RaftStreamProgram.RunAsync(["get", "program", .. common]);
        Assert.That((refused.ExitCode, refused.ErrorLines.Length), Is.EqualTo((64, 1)), refused.Error);
        Assert.That(refused.Error, Does.Contain("no token that this node knows"));
    }

    [Test]
    public async Task NothingSecretIsInTheLogsOfTheNodes()
    {
        var mistyped = AccessToken.Create();
        await AllSayAsync(new(mistyped), PortAsker.Unauthenticated, PortAsker.Unauthenticated);
        await AllSayAsync(new(_cluster.Writer), PortAsker.Done, PortAsker.Done);
        await AllSayAsync(new(_cluster.Reader), PortAsker.Done, PortAsker.Forbidden);
        Assert.That(_cluster.Log, Has.Length.GreaterThan(500), "they say much");
        foreach (var secret in new[] { _cluster.Reader, _cluster.Writer, _cluster.Admin, _cluster.Secret, mistyped, AccessToken.HashOf(_cluster.Writer) })
            Assert.That(_cluster.Log, Does.Not.Contain(secret).IgnoreCase);
    }

    private async Task AllSayAsync(Asker asker, string read, string write)
    {
        var (leader, follower) = await _cluster.NodesAsync();
        using (Assert.EnterMultipleScope())
        {
            foreach (var port in Ports)
            {
                foreach (var node in new[] { leader, follower })
                {
                    var where = $"{port.GetType().Name} at node {node.Id}, which {(node == leader ? "leads" : "follows")}";
                    Assert.That(await port.AskAsync(_cluster, node, asker, isWrite: false), Is.EqualTo(read), "read, " + where);
                    Assert.That(await port.AskAsync(_cluster, node, asker, isWrite: true), Is.EqualTo(write), "write, " + where);
                }
            }
        }
    }

    private RaftStreamClientOptions Options(string token) => new()
    {
        Nodes = [.. _cluster.Members.Select(static member => member.Client!)],
        Token = token,
        Tls = new() { AuthorityFile = _cluster.Authority.AuthorityFile },
        RequestTimeout = Limit,
    };

    private string Vouch(string secret, string request)
    {
        var file = _cluster.Folder.Write("secret-" + Guid.NewGuid().ToString("N"), secret);
        using var said = new SaidLines();
        var settings = new RaftStreamOptions { Data = "unused" }.ToSettings() with { Security = new() { NodeSecretFile = file } };
        return new NodeSecret(settings, TimeProvider.System, said.For<NodeSecret>()).Vouch(new("certificate:mallory", AccessRole.Admin), request)!;
    }

    private async Task<int> ForwardAsync(string node, string request, string? vouch, string? token = null)
    {
        var head = new EnvelopeHead(request, new HeaderDictionary());
        if (vouch is not null)
            head.Headers[NodeVouch.Header] = vouch;
        if (token is not null)
            head.Headers["Authorization"] = "Bearer " + token;
        using var http = _cluster.Client(new());
        using var message = new HttpRequestMessage(HttpMethod.Post, $"https://{node}{ForwardInlet.Path}") { Content = new RequestEnvelope(head, new MemoryStream()) };
        using var response = await http.SendAsync(message);
        var answer = await EnvelopeHead.ReadAsync(new CheckedReader(await response.Content.ReadAsStreamAsync()), CancellationToken.None);
        return int.Parse(answer.First, System.Globalization.CultureInfo.InvariantCulture);
    }
}
