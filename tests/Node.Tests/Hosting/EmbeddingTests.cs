using System.Diagnostics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using RaftStream.Hosting.Http;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Hosting;

/// <summary>Three programs in this process, each with a replica of its own: what the store is to them, whichever of them leads.</summary>
[TestFixture]
internal sealed class EmbeddingTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly List<WebApplication> _programs = [];
    private TemporaryFolder _folder = null!;
    private HttpClient _http = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        _folder = new TemporaryFolder();
        _http = HttpClients.Create();
        var ports = Ports.Find(3);
        var members = string.Join(',', Enumerable.Range(1, 3).Select(id => FormattableString.Invariant($"{id}=127.0.0.1:{ports[id - 1]}")));
        for (var id = 1; id <= 3; id++)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.UseSetting("urls", "http://127.0.0.1:0");
            var (node, data) = (id, _folder.File($"node-{id}"));
            builder.Services.AddRaftStream(options => (options.Id, options.Members, options.Data) = (node, members, data));
            var app = builder.Build();
            app.MapRaftStream();
            app.MapHealthChecks("/health");
            app.MapGet("/fails", static string () => throw new InvalidOperationException("the program's own fault"));
            app.MapGet("/v1/own/{name}", static (string name) => name);
            if (id == 3)
                app.MapGet("/openapi.json", static () => "my own");
            _programs.Add(app);
            await app.StartAsync();
        }

        await Eventually.HoldsAsync(async () => (await Store(0).AddAsync("ready")).Outcome == Outcome.Applied, "the three programs count", Limit);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        foreach (var program in _programs)
            await program.DisposeAsync();
        _http.Dispose();
        _folder.Dispose();
    }

    [Test]
    public async Task EveryProgramWritesAndReadsWhatTheOthersWrote()
    {
        for (var turn = 0; turn < 9; turn++)
        {
            var added = await Store(turn % 3).AddAsync("shared", 2);
            Assert.That((added.Outcome, added.Value, added.Exists), Is.EqualTo((Outcome.Applied, 2L * (turn + 1), true)), $"{added}");
            Assert.That((added.Source.Write, added.Source.Node), Is.EqualTo(((WriteConcern?)WriteConcern.Quorum, added.Source.Leader)), "the leader has served it");
            var read = await Store((turn + 1) % 3).GetAsync("shared");
            Assert.That((read.Value, read.Source.Read, read.Source.Node), Is.EqualTo((2L * (turn + 1), (ReadConsistency?)ReadConsistency.Linearizable, new NodeId(((turn + 1) % 3) + 1))), "and a node of its own reads it");
        }
    }

    [Test]
    public async Task ALeaseReadIsTheLeadersFromEveryProgramAndMissesNothing()
    {
        for (var turn = 1; turn <= 30; turn++)
        {
            var added = await Store(turn % 3).AddAsync("leased");
            Assert.That(added.Value, Is.EqualTo(turn));
            foreach (var store in Enumerable.Range(0, 3).Select(Store))
            {
                var read = await store.GetAsync("leased", ReadConsistency.Lease);
                Assert.That((read.Outcome, read.Value, read.Exists, read.Source.Node, read.Source.Leader), Is.EqualTo((Outcome.Applied, (long)turn, true, added.Source.Node, added.Source.Node)), $"{read}");
                Assert.That((read.Source.Read, read.Source.Write, read.Position.Index >= added.Position.Index), Is.EqualTo(((ReadConsistency?)ReadConsistency.Lease, (WriteConcern?)null, true)));
            }
        }
    }

    [Test]
    public async Task EveryKindOfLeaseReadSaysTheSameFromEveryProgram()
    {
        await Store(0).AddAsync("1001", long.MaxValue);
        await Store(0).AddAsync("1002 ü/%", 5);
        await Store(0).AddAsync("1003", long.MaxValue);
        foreach (var store in Enumerable.Range(0, 3).Select(Store))
        {
            var many = await store.GetManyAsync(["1002 ü/%", "nothing", "1001"], ReadConsistency.Lease);
            Assert.That(many.Values, Is.EqualTo(new CounterValue[] { new("1002 ü/%", 5), new("nothing", null), new("1001", long.MaxValue) }));
            var sum = await store.RangeSumAsync(1001, 1003, ReadConsistency.Lease);
            Assert.That((sum.Outcome, sum.Sum, sum.Count), Is.EqualTo((Outcome.Applied, 2 * (Int128)long.MaxValue, 2L)));
            var (top, ordered) = (await store.TopAsync(2, ReadConsistency.Lease), await store.TopAsync(2));
            Assert.That(top.Rows, Is.EqualTo(new CounterRow[] { new("1001", long.MaxValue), new("1003", long.MaxValue) }));
            Assert.That((top.Total, top.Distinct), Is.EqualTo((ordered.Total, ordered.Distinct)));
            Assert.That((await store.GetAsync("nothing", ReadConsistency.Lease)).Exists, Is.False);
            foreach (var source in new[] { many.Source, sum.Source, top.Source })
                Assert.That((source.Node, source.Read), Is.EqualTo((source.Leader, (ReadConsistency?)ReadConsistency.Lease)));

            // More names than a request line holds: the leader needs none, the others say so.
            var long1 = await store.GetManyAsync([.. Enumerable.Range(0, 10).Select(static number => new string((char)('a' + number), 2_000))], ReadConsistency.Lease);
            Assert.That((long1.Outcome, long1.Refusal), Is.EqualTo(long1.Source.Node != NodeId.None ? (Outcome.Applied, Refusal.None) : (Outcome.Rejected, Refusal.TooLarge)));
        }

        await Store(0).DeleteAsync("1001");
        await Store(0).DeleteAsync("1003");
    }

    [Test]
    public void WhatIsNoKeyIsRefusedByEveryProgram()
    {
        foreach (var store in Enumerable.Range(0, 3).Select(Store))
        {
            foreach (var key in new[] { "", new string('k', 4_097), "\ud800" })
            {
                Assert.That(async () => await store.AddAsync(key), Throws.ArgumentException);
                Assert.That(async () => await store.DeleteAsync(key), Throws.ArgumentException);
                Assert.That(async () => await store.AddAsync(key, 1, WriteConcern.Leader), Throws.ArgumentException);
                Assert.That(async () => await store.GetAsync(key, ReadConsistency.Lease), Throws.ArgumentException);
            }

            Assert.That(async () => await store.TopAsync(0, ReadConsistency.Lease), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(async () => await store.GetManyAsync([], ReadConsistency.Lease), Throws.ArgumentException);
        }
    }

    [Test]
    public async Task WithoutALeaderACallEndsWhenItIsCancelledAndSaysThatNothingWasDone()
    {
        using var folder = new TemporaryFolder();
        var ports = Ports.Find(3);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddRaftStream(options =>
            (options.Data, options.Members) = (folder.File("data"), FormattableString.Invariant($"1=127.0.0.1:{ports[0]},2=127.0.0.1:{ports[1]},3=127.0.0.1:{ports[2]}")));
        using var host = builder.Build();
        await host.StartAsync();
        var store = host.Services.GetRequiredService<ICountingStore>();
        var start = Stopwatch.GetTimestamp();
        using var soon = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        var (writing, reading) = (store.AddAsync("a", cancellationToken: soon.Token).AsTask(), store.GetAsync("a", ReadConsistency.Lease, soon.Token).AsTask());
        var (write, read) = (await writing, await reading);
        Assert.That((write.Outcome, write.Refusal), Is.EqualTo((Outcome.Rejected, Refusal.NoLeader)));
        Assert.That((read.Outcome, read.Refusal), Is.EqualTo((Outcome.Rejected, Refusal.NoLease)));
        Assert.That(Stopwatch.GetElapsedTime(start).TotalMilliseconds, Is.InRange(150, 4_500), "and not after five seconds");
        Assert.That((await store.AddAsync("a", cancellationToken: soon.Token)).Outcome, Is.EqualTo(Outcome.Rejected), "what is cancelled before it begins is not begun");
        await host.StopAsync();
    }

    [Test]
    public async Task AnOutboxHoldsAsMuchAsItsOptionSays()
    {
        using var folder = new TemporaryFolder();
        var ports = Ports.Find(3);
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddRaftStream(options =>
        {
            (options.Data, options.OutboxCommands) = (folder.File("data"), 3);
            options.Members = FormattableString.Invariant($"1=127.0.0.1:{ports[0]},2=127.0.0.1:{ports[1]},3=127.0.0.1:{ports[2]}");
        });
        using var host = builder.Build();
        await host.StartAsync();
        var store = host.Services.GetRequiredService<ICountingStore>();
        for (var number = 1; number <= 3; number++)
            Assert.That((await store.AddAsync("a", 1, WriteConcern.Available)).Outcome, Is.EqualTo(Outcome.Accepted));
        var beyond = await store.AddAsync("a", 1, WriteConcern.Available);
        Assert.That((beyond.Outcome, beyond.Refusal), Is.EqualTo((Outcome.Rejected, Refusal.OutboxFull)));
        await host.StopAsync();
    }

    [Test]
    public async Task CompareAndSetMaxAndDeleteMeanTheSameFromEveryProgram()
    {
        foreach (var (store, place) in Enumerable.Range(0, 3).Select(place => (Store(place), place)))
        {
            var key = $"cas/{place}";
            Assert.That((await store.CompareAndSetAsync(key, null, 5)).Matched);
            var missed = await store.CompareAndSetAsync(key, 6, 7);
            Assert.That((missed.Outcome, missed.Matched, missed.Value), Is.EqualTo((Outcome.Applied, false, 5)));
            Assert.That((await store.MaxAsync(key, 9)).Value, Is.EqualTo(9));
            Assert.That((await store.MaxAsync(key, 2)).Value, Is.EqualTo(9));
            Assert.That((await store.DeleteAsync(key)).Value, Is.EqualTo(9));
            Assert.That((await store.GetAsync(key)).Exists, Is.False);
            await store.AddAsync(key, long.MaxValue);
            Assert.That((await store.AddAsync(key)).Problem, Does.Contain("64 bits"), "what the store declines is told in a sentence");
            await store.DeleteAsync(key);
        }
    }

    [Test]
    public async Task AProvisionalWriteIsConfirmedByEveryProgramAndAnAcceptedOneIsAppliedOnce()
    {
        foreach (var place in Enumerable.Range(0, 3))
        {
            var provisional = await Store(place).AddAsync("weak", 1, WriteConcern.Leader);
            Assert.That(provisional.Outcome, Is.EqualTo(Outcome.Provisional), $"{provisional}");
            Assert.That((await Store((place + 1) % 3).ConfirmAsync(provisional.Position)).Outcome, Is.EqualTo(Outcome.Applied));
            var accepted = await Store(place).AddAsync("late", 1, WriteConcern.Available);
            Assert.That((accepted.Outcome, accepted.Source.Node), Is.EqualTo((Outcome.Accepted, new NodeId(place + 1))), $"{accepted}");
        }

        await Eventually.HoldsAsync(async () => (await Store(0).GetAsync("late")).Value == 3, "what was accepted is applied", Limit);
        Assert.That((await Store(0).GetAsync("weak")).Value, Is.EqualTo(3));
    }

    [Test]
    public async Task SeveralCountersASumATopListAndAWatchAreThereToo()
    {
        for (var key = -3; key <= 3; key++)
            await Store(0).AddAsync(key.ToString(System.Globalization.CultureInfo.InvariantCulture), 10 + key);
        var many = await Store(1).GetManyAsync(["3", "-3", "nothing"]);
        Assert.That(many.Values.Select(static one => one.Value), Is.EqualTo(new long?[] { 13, 7, null }));
        var sum = await Store(2).RangeSumAsync(-1, 2);
        Assert.That(((long)sum.Sum, sum.Count), Is.EqualTo((42L, 4L)));
        Assert.That((await Store(1).TopAsync(1)).Rows, Has.Count.EqualTo(1));

        using var limit = new CancellationTokenSource(Limit);
        var written = await Store(0).AddAsync("watched", 1);
        var seen = new List<long>();
        var adding = Task.WhenAll(Enumerable.Range(0, 5).Select(async place => await Store(place % 3).AddAsync("watched", 1)));
        await foreach (var change in Store(2).WatchAsync(WatchFilter.Key("watched"), written.Position.Index, limit.Token))
        {
            if (change.Kind == WatchEventKind.Changed)
                seen.Add(change.Value);
            if (seen.Count == 5)
                break;
        }

        await adding;
        Assert.That(seen, Is.EqualTo(new[] { 2, 3, 4, 5, 6 }));
    }

    [Test]
    public async Task WhatIsTheProgramsStaysTheProgramsOwn()
    {
        var address = _programs[0].Urls.First();
        Assert.That(await _http.GetStringAsync(new Uri(address + "/v1/own/a")), Is.EqualTo("a"));
        using var missing = await _http.GetAsync(new Uri(address + "/v1/nothing"));
        Assert.That(((int)missing.StatusCode, missing.Content.Headers.ContentType), Is.EqualTo((404, (System.Net.Http.Headers.MediaTypeHeaderValue?)null)));
        using var failed = await _http.GetAsync(new Uri(address + "/fails"));
        Assert.That(((int)failed.StatusCode, failed.Content.Headers.ContentType?.MediaType), Is.Not.EqualTo((500, "application/problem+json")));
        Assert.That(await _http.GetStringAsync(new Uri(address + "/health")), Is.EqualTo("Healthy"));
        Assert.That(await _http.GetStringAsync(new Uri(address + "/v1/status")), Does.Contain("\"id\":1"));
    }

    [Test]
    public async Task ADescriptionOfTheEndpointsIsThereUnlessTheProgramHasOneOfItsOwn()
    {
        using var response = await _http.GetAsync(new Uri(_programs[0].Urls.First() + "/openapi.json"));
        Assert.That((response.Content.Headers.ContentType?.MediaType, response.Content.Headers.ContentLength), Is.EqualTo(("application/json", (long?)OpenApiEndpoint.Document.Length)));
        Assert.That(await response.Content.ReadAsByteArrayAsync(), Is.EqualTo(OpenApiEndpoint.Document.ToArray()));
        Assert.That(await _http.GetStringAsync(new Uri(_programs[2].Urls.First() + "/openapi.json")), Is.EqualTo("my own"));
    }

    private ICountingStore Store(int place) => _programs[place].Services.GetRequiredService<ICountingStore>();
}
