using System.Buffers;
using System.Net.Sockets;
using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;
using RaftStream.Client.Tests.Protocol;
using RaftStream.Client.Tests.Support;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;
using RaftStream.Raft.Wire;
using Addresses = RaftStream.Raft.Wire.Addresses;

namespace RaftStream.Client.Tests.Cluster;

/// <summary>The nodes' port, spoken to without routing: each node answers for itself, refuses what it cannot answer and survives whatever bytes come.</summary>
[TestFixture]
internal sealed class ClientPortTests : ClientFixture
{
    [Test]
    public async Task AFollowerServesTheLevelsThatAnyReplicaMayServe()
    {
        var follower = await Cluster.FollowerAsync();
        await using var connection = await DialAsync(follower);
        foreach (var level in new LevelTerms[] { new(ConsistencyLevel.Eventual), new(ConsistencyLevel.BoundedStaleness, MaxAgeMs: 60_000), new(ConsistencyLevel.Session, Token: new(0, 1)) })
        {
            var read = await connection.SendAsync(new(RequestKind.Get) { Key = "own", Level = level }, Limit, CancellationToken.None);
            Assert.That((read.Outcome, read.Node, read.Level), Is.EqualTo((ClientOutcome.Applied, follower.Id, level.Kind)), read.Problem);
            Assert.That(read.Index, Is.Positive);
            Assert.That(read.AgeMicroseconds, level.Kind == ConsistencyLevel.BoundedStaleness ? Is.InRange(0, 60_000_000) : Is.Null.Or.GreaterThanOrEqualTo(0));
        }
    }

    [Test]
    public async Task AFollowerRefusesAWriteAndTellsWhereTheLeaderIs()
    {
        var leader = await Cluster.LeaderAsync();
        var follower = Cluster.Local.Members.First(member => member.Id != leader.Id);
        await using var connection = await DialAsync(follower);
        var added = await connection.SendAsync(new(RequestKind.Add) { Key = "k", Delta = 1 }, Limit, CancellationToken.None);
        Assert.That((added.Outcome, added.Refusal, added.Leader), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.NotLeader, leader.Id)), added.Problem);
        Assert.That(added.LeaderAddress, Is.EqualTo(Cluster.Local.Members.First(member => member.Id == leader.Id).Client));
    }

    [Test]
    public async Task AnswersOverTakeEachOther()
    {
        var follower = await Cluster.FollowerAsync();
        await using var connection = await DialAsync(follower);
        var slow = connection.SendAsync(new(RequestKind.Get) { Key = "k", Level = new(ConsistencyLevel.Session, Token: new(0, 1_000_000_000)) }, TimeSpan.FromSeconds(5), CancellationToken.None).AsTask();
        var quick = await connection.SendAsync(new(RequestKind.Get) { Key = "k", Level = new(ConsistencyLevel.Eventual) }, Limit, CancellationToken.None);
        Assert.That((quick.Outcome, slow.IsCompleted), Is.EqualTo((ClientOutcome.Applied, false)));
        var late = await slow;
        Assert.That((late.Outcome is ClientOutcome.Applied, late.Refusal), Is.EqualTo((false, ClientRefusal.TimedOut)));
    }

    [Test]
    public async Task ATokenOfAnotherIncarnationIsRefused()
    {
        await using var connection = await DialAsync(Cluster.Local.Members[0]);
        var read = await connection.SendAsync(new(RequestKind.Get) { Key = "k", Level = new(ConsistencyLevel.Session, Token: new(1, 1)) }, Limit, CancellationToken.None);
        Assert.That((read.Outcome, read.Refusal), Is.EqualTo((ClientOutcome.Rejected, ClientRefusal.OtherIncarnation)));
        Assert.That(read.Problem, Does.Contain("restored or reset"));
    }

    [Test]
    public async Task ANodeOfAnotherClusterRefusesTheGreeting()
    {
        var dialled = await NodeConnection.DialAsync(Addresses.TryParse(Cluster.Local.Members[0].Client!)!, new(Guid.NewGuid(), "stranger"), 4, TimeProvider.System, null, CancellationToken.None);
        Assert.That((dialled.Connection, dialled.Refusal), Is.EqualTo((default(NodeConnection), ClientRefusal.OtherCluster)));
        Assert.That(dialled.Sentence, Does.Contain("another cluster"));
    }

    [TestCase("GET / HTTP/1.1\r\n\r\n")]
    [TestCase("RAFTSTRM, the greeting of a peer")]
    public async Task WhatIsNoGreetingIsRefusedAndTheConnectionClosed(string text)
    {
        using var client = await OpenAsync();
        await client.GetStream().WriteAsync(System.Text.Encoding.Latin1.GetBytes(text));
        var welcome = ClientHandshake.TryReadWelcome(await ReadToEndAsync(client));
        Assert.That((ClientRefusal?)welcome?.Refusal, Is.EqualTo(ClientRefusal.BadGreeting));
        await IsServingAsync();
    }

    [Test]
    public async Task AnotherVersionIsToldOurs()
    {
        using var client = await OpenAsync();
        var greeting = ClientHandshake.Write(new ClientGreeting(null, ""));
        greeting[8] = 9;
        await client.GetStream().WriteAsync(greeting);
        var answer = await ReadToEndAsync(client);
        Assert.That(ClientHandshake.TryReadPrefix(answer, out var version, out _) && version == ClientHandshake.CurrentVersion);
        Assert.That((ClientRefusal?)ClientHandshake.TryReadWelcome(answer)?.Refusal, Is.EqualTo(ClientRefusal.UnsupportedVersion));
    }

    [TestCase("long")]
    [TestCase("damaged")]
    [TestCase("unknown")]
    [TestCase("range")]
    public async Task WhatIsNoRequestIsAnsweredWithAFaultAndTheConnectionClosed(string kind)
    {
        using var client = await OpenAsync();
        var stream = client.GetStream();
        await stream.WriteAsync(ClientHandshake.Write(new ClientGreeting(null, "")));
        var get = new RequestMessage(RequestKind.Get) { Id = 5, DeadlineMs = 1_000, Key = "k" };
        var frame = FakeNode.FrameOf(kind switch
        {
            "unknown" => [0x93, 99, 5, 1],
            "range" => MessageTests.Bytes(get with { Key = "" }),
            _ => MessageTests.Bytes(get),
        });
        if (kind == "long")
            Frame.WriteOuter(frame, 1_000_000);
        if (kind == "damaged")
            frame[^1] ^= 1;
        await stream.WriteAsync(frame);
        var answers = await ReadToEndAsync(client);
        ClientHandshake.TryReadPrefix(answers, out _, out var welcome);
        Assert.That(AnswerMessage.TryRead(answers.AsSpan(welcome + Frame.OuterSize), out var fault));
        Assert.That((fault.Kind, fault.Refusal, fault.Id), Is.EqualTo((AnswerKind.Fault, ClientRefusal.BadRequest, kind is "unknown" or "range" ? 5 : 0)));
        Assert.That(fault.Problem, Does.EndWith("."));
        await IsServingAsync();
    }

    [TestCase(1)]
    [TestCase(2)]
    public async Task AnyBytesLeaveTheNodeServing(int seed)
    {
        var random = new Random(seed);
        for (var round = 0; round < 20; round++)
        {
            using var client = await OpenAsync();
            var bytes = new byte[random.Next(1, 4_000)];
            random.NextBytes(bytes);
            try
            {
                if (round % 2 == 0)
                    await client.GetStream().WriteAsync(ClientHandshake.Write(new ClientGreeting(null, "")));
                await client.GetStream().WriteAsync(bytes);
                await ReadToEndAsync(client, saysNoMore: true);
            }
            catch (IOException)
            {
                // The node had enough of it before all was sent.
            }
        }

        await IsServingAsync();
    }

    [TestCase(1)]
    [TestCase(2)]
    public async Task AnyPlaceOfAWatchIsAnswered(int seed)
    {
        var random = new Random(seed);
        var leader = await Cluster.LeaderAsync();
        await using var connection = await DialAsync(Cluster.Local.Members.First(member => member.Id == leader.Id));
        for (var i = 0; i < 300; i++)
            await connection.SendAsync(new(RequestKind.Add) { Key = $"place {random.Next(200)}", Delta = 1 }, Limit, CancellationToken.None);
        for (var i = 0; i < 500; i++)
        {
            var number = random.Next(3) == 0 ? WatchMark.Whole : random.Next(random.Next(1, int.MaxValue));
            var mark = new WatchMark(random.Next(random.Next(1, 600)), number, random.Next(2) == 0 ? null : (ulong)random.NextInt64() << random.Next(64), random.Next(2) == 0 ? "" : $"place {random.Next(300)}");
            var terms = new WatchTerms(ClientFilterKind.Prefix, "place", 1, new(0, mark, IsNew: false));
            var page = await connection.SendAsync(new(RequestKind.Watch) { Watch = terms }, Limit, CancellationToken.None);
            Assert.That((page.Outcome, page.Kind), Is.EqualTo((ClientOutcome.Applied, AnswerKind.Watch)), $"{mark}: {page.Problem}");
            Assert.That(page.Watch!.Items.Select(static item => item.Index).Where(static index => index > 0), Is.Ordered.Ascending);
        }
    }

    [Test]
    public async Task AClientThatSaysNoMoreGetsTheAnswersToAllThatItSaid()
    {
        const int Adds = 1_500;
        var leader = await Cluster.LeaderAsync();
        using var client = await OpenAsync(Cluster.Local.Members.First(member => member.Id == leader.Id));
        using var all = new MemoryStream();
        all.Write(ClientHandshake.Write(new ClientGreeting(null, "")));
        for (var id = 1; id <= Adds; id++)
            all.Write(FakeNode.FrameOf(MessageTests.Bytes(new RequestMessage(RequestKind.Add) { Id = id, DeadlineMs = 20_000, Key = "half", Delta = 1 })));
        var late = new RequestMessage(RequestKind.Get) { Id = Adds + 1, DeadlineMs = 1_500, Key = "half", Level = new(ConsistencyLevel.Session, Token: new(0, 1_000_000_000)) };
        all.Write(FakeNode.FrameOf(MessageTests.Bytes(late)));
        await client.GetStream().WriteAsync(all.ToArray());
        var answers = AnswersIn(await ReadToEndAsync(client, saysNoMore: true));
        Assert.That(answers.Select(static answer => answer.Id).Order(), Is.EqualTo(Enumerable.Range(1, Adds + 1)));
        Assert.That(answers.Where(static answer => answer.Id <= Adds).Select(static answer => (answer.Outcome, answer.Value)).Order(), Is.EqualTo(Enumerable.Range(1, Adds).Select(static value => (ClientOutcome.Applied, (long)value))));
        Assert.That(answers[^1].Refusal, Is.EqualTo(ClientRefusal.TimedOut), "also to what has to wait");
    }

    [Test]
    public async Task TheStatusTellsThePortOfEachNode()
    {
        var leader = await Cluster.LeaderAsync();
        await Eventually.HoldsAsync(
            async () => (await Cluster.Local.Client(leader.Id).StatusAsync(Limit, CancellationToken.None)).Value?.Members.Select(static member => member.Client).SequenceEqual(Cluster.Local.Members.Select(static member => member.Client), StringComparer.Ordinal) == true,
            "the leader knows where the clients of all nodes go",
            Limit);
    }

    /// <summary>All answers behind the greeting.</summary>
    private static List<AnswerMessage> AnswersIn(byte[] received)
    {
        Assert.That(ClientHandshake.TryReadPrefix(received, out _, out var welcome));
        var (buffer, cutter, answers) = (new ReadOnlySequence<byte>(received.AsMemory(welcome)), new FrameCutter(FrameCutter.LargestAnswer), new List<AnswerMessage>());
        while (cutter.TryCut(ref buffer, out var body, out _))
        {
            Assert.That(AnswerMessage.TryRead(body, out var answer));
            answers.Add(answer);
        }

        Assert.That(buffer.IsEmpty, "only whole answers are sent");
        return answers;
    }

    private async Task<TcpClient> OpenAsync(LocalMember? node = null)
    {
        var address = Addresses.TryParse((node ?? Cluster.Local.Members[0]).Client!)!;
        var client = new TcpClient();
        await client.ConnectAsync(address.Host, address.Port);
        return client;
    }

    /// <summary>Reads until the node closes, which it does behind its answers if we say that no more comes.</summary>
    private static async Task<byte[]> ReadToEndAsync(TcpClient client, bool saysNoMore = false)
    {
        using var limit = new CancellationTokenSource(Limit);
        var stream = client.GetStream();
        if (saysNoMore)
            client.Client.Shutdown(SocketShutdown.Send);
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, limit.Token);
        return all.ToArray();
    }

    private async Task IsServingAsync()
    {
        await using var connection = await DialAsync(Cluster.Local.Members[0]);
        var read = await connection.SendAsync(new(RequestKind.Get) { Key = "k", Level = new(ConsistencyLevel.Eventual) }, Limit, CancellationToken.None);
        Assert.That(read.Outcome, Is.EqualTo(ClientOutcome.Applied), read.Problem);
    }
}
