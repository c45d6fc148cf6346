using System.Diagnostics;
using System.Text;
using RaftStream.Lab.Torture;
using RaftStream.Hosting.Http;
using RaftStream.Node.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;
using RaftStream.Testing;

namespace RaftStream.Node.Tests.Torture;

/// <summary>RaftStream as the lab sees it: a real node that was started by its program, and asked by its client.</summary>
internal sealed class RaftStreamSystemTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private static readonly string[] Order = [RaftStreamSystem.PeerPort, RaftStreamSystem.ClientPort, RaftStreamSystem.RespPort];

    [Test]
    public async Task A_node_started_by_its_program_answers_every_call_of_the_client_as_the_workloads_expect()
    {
        using var folder = new TemporaryFolder();
        using var system = new RaftStreamSystem { HasFaults = false };
        var ports = Ports.Find(3);
        await using var node = new RunningNode(system.ProgramOf(Site(folder.Path, joins: false, ports)));
        var address = $"127.0.0.1:{ports[1]}";
        await Eventually.HoldsAsync(async () => await system.LookAsync(address, CancellationToken.None) is { IsLeader: true, Voters: [1] }, "the node leads", Limit);
        await using var client = system.Connect(address);

        Task<ClientAnswer> DoAsync(ClientCall call) => client.DoAsync(call, CancellationToken.None);
        Assert.That((await DoAsync(new("register/1", OperationFunction.Read))).Result, Is.EqualTo(HistoryValue.Null));
        Assert.That((await DoAsync(new("register/1", OperationFunction.CompareAndSet, HistoryValue.List(0, 1)))).Kind, Is.EqualTo(AnswerKind.Failed), "it is not there");
        Assert.That((await DoAsync(new("register/1", OperationFunction.CompareAndSet, HistoryValue.List(HistoryValue.Null, 1)))).Kind, Is.EqualTo(AnswerKind.Ok));
        Assert.That((await DoAsync(new("register/1", OperationFunction.Read))).Result, Is.EqualTo((HistoryValue)1));

        var added = await DoAsync(new("counter/1", OperationFunction.Add, 5));
        Assert.That(added, Is.EqualTo(new ClientAnswer(AnswerKind.Ok, 5) { Index = added.Index }));
        Assert.That(added.Index, Is.Positive);
        foreach (var level in system.ReadLevels)
        {
            var read = await DoAsync(new("counter/1", OperationFunction.Read) { Level = level, Client = 7 });
            Assert.That((read.Kind, read.Result, read.Index >= added.Index), Is.EqualTo((AnswerKind.Ok, (HistoryValue?)5, true)), level);
        }

        var write = new ClientCall("provisional/1", OperationFunction.Add, 3) { Concern = "leader" };
        var placed = await DoAsync(write);
        Assert.That(placed.Kind, Is.EqualTo(AnswerKind.Unknown));
        Assert.That(await DoAsync(write with { Confirm = placed.Pending }), Is.EqualTo(new ClientAnswer(AnswerKind.Ok)), "it is told, and not done again");
        Assert.That((await DoAsync(new("provisional/1", OperationFunction.Read))).Result, Is.EqualTo((HistoryValue)3));

        var command = new ClientCall("sessions/1", OperationFunction.Add, 7) { Session = "a", Sequence = 1 };
        var first = await DoAsync(command);
        Assert.That(first.Result, Is.EqualTo((HistoryValue)7));
        Assert.That(await DoAsync(command), Is.EqualTo(first), "a repetition gets the first answer");
        Assert.That((await DoAsync(command with { Sequence = 2 })).Result, Is.EqualTo((HistoryValue)14));
        Assert.That((await DoAsync(command)).Kind, Is.EqualTo(AnswerKind.Failed), "its answer was acknowledged");
        await AcceptAsync(system, address);
        await WatchAsync(system, address);
        await StreamAsync(system, address);
        await PipelineAsync(system, $"127.0.0.1:{ports[2]}");
    }

    [Test]
    public async Task A_node_under_test_hosts_the_stream_jobs_of_the_workloads()
    {
        using var folder = new TemporaryFolder();
        using var system = new RaftStreamSystem();
        var ports = Ports.Find(3);
        await using var node = new RunningNode(system.ProgramOf(Site(folder.Path, joins: false, ports)));
        var address = $"127.0.0.1:{ports[1]}";
        var job = TortureJobs.Of(WindowsJob.Name)!;
        await Eventually.HoldsAsync(async () => await system.StandsAsync(address, job.Name, CancellationToken.None) is not null, "the job has begun", Limit);

        string[] lines = ["a|1|1000", "b0|9|1001"];
        var batch = new JobLines(job.Name, job.SourceName(0), TortureJob.NameOf(0), 1, lines);
        var taken = await system.TakeAsync(address, batch, CancellationToken.None);
        Assert.That((taken.Kind, taken.New, taken.Index > 0), Is.EqualTo((AnswerKind.Ok, 2, true)));
        var again = await system.TakeAsync(address, batch, CancellationToken.None);
        Assert.That((again.Kind, again.New), Is.EqualTo((AnswerKind.Ok, 0)));
        Assert.That((await system.TakeAsync(address, batch with { First = 7 }, CancellationToken.None)).Kind, Is.EqualTo(AnswerKind.Unknown), "a gap");

        foreach (var level in new[] { null, "lease", "bounded:500", "eventual" })
        {
            var rows = await system.RowsAsync(address, job.Name, JobSpec.NameOf(job.Counted), level, CancellationToken.None);
            Assert.That((rows.Kind, rows.Index >= taken.Index), Is.EqualTo((AnswerKind.Ok, true)), level);
            Assert.That(rows.Rows, Is.EqualTo(new[] { ("a", "1"), ("b", "1") }), level);
        }

        var stands = await system.StandsAsync(address, job.Name, CancellationToken.None);
        Assert.That((stands!.Next[JobSpec.NameOf(job.Taken)], stands.DeadLetters), Is.EqualTo((3L, 0L)));
        var told = new List<JobOutput>();
        await foreach (var output in system.SubscribeAsync(address, job.Name, JobSpec.NameOf(job.Taken), 1, CancellationToken.None))
        {
            told.Add(output);
            if (told.Count == 2)
                break;
        }

        Assert.That(told, Is.EqualTo(new[] { new JobOutput(1, lines[0]), new JobOutput(2, lines[1]) }));
        Assert.That(Directory.EnumerateFiles(Path.Combine(folder.Path, RaftStreamSystem.DataFolder, JobFilesCheck.FolderName)), Is.Not.Empty, "the lab looks for files where nodes write them");
    }

    [Test]
    public async Task A_node_that_is_not_there_certainly_did_nothing()
    {
        using var system = new RaftStreamSystem();
        await using var client = system.Connect($"127.0.0.1:{Ports.Find(1)[0]}");
        Assert.That((await client.DoAsync(new("counter/1", OperationFunction.Add, 5), CancellationToken.None)).Kind, Is.EqualTo(AnswerKind.Failed));
        Assert.That((await client.DoAsync(new("counter/1", OperationFunction.Read), CancellationToken.None)).Kind, Is.EqualTo(AnswerKind.Failed));
    }

    [Test]
    public async Task A_node_that_takes_a_request_and_never_answers_leaves_it_unknown()
    {
        using var system = new RaftStreamSystem();
        using var silent = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        silent.Start();
        await using var client = system.Connect(silent.LocalEndpoint.ToString()!);
        using var deadline = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        var answer = client.DoAsync(new("counter/1", OperationFunction.Add, 5), deadline.Token);
        using var connection = await silent.AcceptTcpClientAsync();
        Assert.That((await answer).Kind, Is.EqualTo(AnswerKind.Unknown));
    }

    [Test]
    public async Task A_session_read_asks_any_node_for_the_furthest_that_its_client_was_told_by_all_and_for_nobody_elses()
    {
        using var system = new RaftStreamSystem();
        await using var far = new CannedServer(Answer(57));
        await using var near = new CannedServer(Answer(9));
        await using var toFar = system.Connect(far.Address);
        await using var toNear = system.Connect(near.Address);
        Assert.That((await toFar.DoAsync(new("levels/1", OperationFunction.Add, 5) { Client = 7 }, CancellationToken.None)).Index, Is.EqualTo(57));
        await toNear.DoAsync(new("levels/1", OperationFunction.Read) { Client = 7, Level = "eventual" }, CancellationToken.None);
        await toNear.DoAsync(new("levels/1", OperationFunction.Read) { Client = 8, Level = "eventual" }, CancellationToken.None);

        Assert.That(await AskedAsync(7, "session"), Does.Contain("session; token=0@57"));
        Assert.That(await AskedAsync(8, "session"), Does.Contain("session; token=0@9"));
        Assert.That(await AskedAsync(9, "session"), Does.Contain("eventual"), "it was told nothing yet");
        Assert.That(await AskedAsync(7, "bounded:500"), Does.Contain("bounded; max-age-ms=500"));
        Assert.That(await AskedAsync(7, "lease"), Does.Contain("Consistency: lease"));

        async Task<string> AskedAsync(long client, string level)
        {
            var answer = await toNear.DoAsync(new("levels/1", OperationFunction.Read) { Client = client, Level = level }, CancellationToken.None);
            Assert.That((answer.Kind, answer.Index, answer.AgeMs), Is.EqualTo((AnswerKind.Ok, 9L, (long?)31)));
            return near.LastRequest;
        }

        static string Answer(long index)
        {
            var body = $$"""{"key":"levels/1","value":5,"exists":true,"matched":null,"outcome":"applied","index":{{index}},"term":1}""";
            return $"HTTP/1.1 200 OK\r\nContent-Length: {body.Length}\r\nContent-Type: application/json\r\nX-RaftStream-Token: 0@{index}\r\nX-RaftStream-Age-Ms: 31\r\nConnection: close\r\n\r\n{body}";
        }
    }

    [Test]
    public void Each_node_is_told_where_it_listens_and_where_it_finds_the_others()
    {
        using var system = new RaftStreamSystem();
        Assert.That(Line(system.ProgramOf(Site("folder", joins: false, [1001, 1002, 1003], others: 2) with { Advertise = static port => $"told-{port}" })), Does.Contain("--resp 127.0.0.1:1003 --advertise-resp told-resp --listen 127.0.0.1:1001 ").And.Contain("--advertise-http told-http ").And.Contain("--cluster 1=told-raft,2=proxy-2-raft,3=proxy-3-raft").And.Contain("--faults folder"));
        Assert.That(Line(system.ProgramOf(Site("folder", joins: true, [1001, 1002, 1003], others: 2) with { Advertise = static port => $"told-{port}" })), Does.Contain("--listen 127.0.0.1:1001 ").And.Contain("--join --advertise told-raft").And.Not.Contain("--cluster "));
    }

    [Test]
    public async Task A_node_is_known_by_the_addresses_that_it_advertises_and_listens_at_others()
    {
        using var folder = new TemporaryFolder();
        using var system = new RaftStreamSystem { HasFaults = false };
        var ports = Ports.Find(3);
        await using var node = new RunningNode(system.ProgramOf(Site(folder.Path, joins: false, ports) with { Advertise = static port => $"told-{port}:7" }));
        var address = $"127.0.0.1:{ports[1]}";
        await Eventually.HoldsAsync(async () => await system.LookAsync(address, CancellationToken.None) is { IsLeader: true }, "the node leads", Limit);
        using var http = HttpClients.Create();
        var members = (await new NodeClient(http, "http://" + address).MembersAsync(Limit, CancellationToken.None)).Value!.Members;
        Assert.That(members.Select(static member => (member.Raft, member.Http)), Is.EqualTo(new[] { ("told-raft:7", "http://told-http:7") }));
    }

    private static async Task AcceptAsync(RaftStreamSystem system, string address)
    {
        await using var client = system.Connect(address);
        var add = new ClientCall("available/1", OperationFunction.Add, 4) { Concern = "available" };
        var (first, second) = (await client.DoAsync(add, CancellationToken.None), await client.DoAsync(add with { Argument = 16 }, CancellationToken.None));
        Assert.That((first.Kind, first.Accepted!.Value.Node, first.Accepted.Value.Sequence), Is.EqualTo((AnswerKind.Ok, 1, 1L)));
        Assert.That(first.Accepted.Value.IsBefore(second.Accepted!.Value));
        var read = await client.DoAsync(new("available/1", OperationFunction.Read) { Level = "tentative" }, CancellationToken.None);
        Assert.That((read.Kind, read.Result, read.IsTentative is not null), Is.EqualTo((AnswerKind.Ok, (HistoryValue?)20, true)));
        await Eventually.HoldsAsync(async () => await system.LookAsync(address, CancellationToken.None) is { AcceptedWaiting: 0, AcceptedLost: 0 }, "nothing waits", Limit);
        Assert.That((await client.DoAsync(new("available/1", OperationFunction.Read), CancellationToken.None)).Result, Is.EqualTo((HistoryValue)20));
    }

    private static async Task WatchAsync(RaftStreamSystem system, string address)
    {
        await using var client = system.Connect(address);
        var first = await client.DoAsync(new("watch/1", OperationFunction.Add, 5), CancellationToken.None);
        var rows = await ToldAsync(system, address, null, static told => told.Kind == WatchToldKind.Progress);
        Assert.That(rows.Select(static told => (told.Kind, told.Key, told.Value)), Is.EqualTo(new (WatchToldKind, string, long?)[] { (WatchToldKind.Reset, "", null), (WatchToldKind.Row, "watch/1", 5), (WatchToldKind.Progress, "", null) }));
        Assert.That((rows[0].Id, rows[0].Resume, rows[1].Id, rows[2].Resume >= first.Index), Is.EqualTo(("reset", (long?)null, (string?)null, true)));
        await client.DoAsync(new("counter/1", OperationFunction.Add, 1), CancellationToken.None);
        var second = await client.DoAsync(new("watch/1", OperationFunction.Add, 2), CancellationToken.None);
        var told = (await ToldAsync(system, address, rows[2].Id, static told => told.Kind == WatchToldKind.Change))[^1];
        Assert.That(told, Is.EqualTo(new WatchTold(WatchToldKind.Change, second.Index, "watch/1", 7, told.Id, second.Index)));
        Assert.That(await ToldAsync(system, $"127.0.0.1:{Ports.Find(1)[0]}", null, static _ => true), Is.Empty, "nobody is there");
    }

    private static async Task<List<WatchTold>> ToldAsync(RaftStreamSystem system, string address, string? from, Func<WatchTold, bool> isEnough)
    {
        using var limit = new CancellationTokenSource(Limit);
        var all = new List<WatchTold>();
        await foreach (var told in system.WatchAsync(address, WatchLoad.Prefix, from, limit.Token))
        {
            all.Add(told);
            if (isEnough(told))
                break;
        }

        return all;
    }

    private static async Task PipelineAsync(RaftStreamSystem system, string address)
    {
        await using var client = system.ConnectRedis(address);
        Assert.That(await client.DoAsync(new("redis/1", OperationFunction.Read), CancellationToken.None), Is.EqualTo(new ClientAnswer(AnswerKind.Ok, HistoryValue.Null)));
        ClientCall[] calls = [new("redis/1", OperationFunction.Add, 5), new("redis/1", OperationFunction.Read), new("redis/1", OperationFunction.Add, 7)];
        Assert.That(await client.DoAllAsync(calls, CancellationToken.None), Is.EqualTo(new ClientAnswer[] { new(AnswerKind.Ok, 5), new(AnswerKind.Ok, 5), new(AnswerKind.Ok, 12) }));
    }

    private static async Task StreamAsync(RaftStreamSystem system, string address)
    {
        using var source = new MemoryStream(Encoding.UTF8.GetBytes("one two two\n"));
        Assert.That(await system.IngestAsync(address, "stream/1", source, CancellationToken.None), Is.EqualTo(new StreamAnswer(AnswerKind.Ok, 12, 3)));
        var position = await system.PositionAsync(address, "stream/1", CancellationToken.None);
        Assert.That((position.Kind, position.Offset, position.Words), Is.EqualTo((AnswerKind.Ok, 12, 3)));
        await using var client = system.Connect(address);
        Assert.That((await client.DoAsync(new("two", OperationFunction.Read), CancellationToken.None)).Result, Is.EqualTo((HistoryValue)2));
    }

    private static string Line(NodeProgram program) => string.Join(' ', program.Arguments);

    private static NodeSite Site(string folder, bool joins, IReadOnlyList<int> ports, int others = 0) =>
        new(1, [.. joins ? [] : new[] { 1 }, .. Enumerable.Range(2, others)], folder)
        {
            Listen = port => $"127.0.0.1:{ports[Array.IndexOf(Order, port)]}",
            Reach = static (node, port) => $"proxy-{node}-{port}",
        };

    private sealed class RunningNode : IAsyncDisposable
    {
        private readonly Process _process;

        public RunningNode(NodeProgram program) => _process = Process.Start(new ProcessStartInfo(program.File, program.Arguments) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardError = true })!;

        public async ValueTask DisposeAsync()
        {
            _process.Kill();
            await _process.WaitForExitAsync();
            _process.Dispose();
        }
    }
}
