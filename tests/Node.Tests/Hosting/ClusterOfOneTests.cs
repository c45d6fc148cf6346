using System.Buffers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Hosting;

/// <summary>A program that is a cluster of its own: how it begins, what it may be made of, and how it grows.</summary>
[TestFixture]
internal sealed class ClusterOfOneTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [TestCase("Data", "")]
    [TestCase("Id", "0")]
    [TestCase("Members", "1=nowhere")]
    [TestCase("Members", "2=127.0.0.1:1")]
    [TestCase("Heartbeat", "00:00:10")]
    [TestCase("AdvertiseHttp", "here")]
    [TestCase("AdvertiseClient", "here")]
    [TestCase("AdvertiseClient", "a.example:0")]
    [TestCase("AdvertiseClient", "0.0.0.0:9001")]
    [TestCase("AdvertiseClient", "[::]:9001")]
    [TestCase("SnapshotAfterBytes", "1")]
    [TestCase("OutboxCommands", "0")]
    [TestCase("OutboxCommands", "1048577")]
    [TestCase("OutboxBytes", "65535")]
    [TestCase("OutboxBytes", "1073741825")]
    public void AWrongOptionIsToldWhenTheHostStarts(string option, string value)
    {
        using var folder = new TemporaryFolder();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddRaftStream(options =>
        {
            options.Data = folder.File("data");
            var property = typeof(RaftStreamOptions).GetProperty(option)!;
            property.SetValue(options, property.PropertyType == typeof(TimeSpan) ? TimeSpan.Parse(value, null) : Convert.ChangeType(value, property.PropertyType, null));
        });
        using var host = builder.Build();
        Assert.That(async () => await host.StartAsync(), Throws.InstanceOf<OptionsValidationException>().With.Message.Contains(option).And.Message.EndsWith("."));
        Assert.That(Directory.Exists(folder.File("data")), Is.False, "nothing was begun");
    }

    [Test]
    public void EndpointsWithoutAReplicaAreRefused()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        Assert.That(() => builder.Build().MapRaftStream(), Throws.InvalidOperationException.With.Message.Contains("AddRaftStream"));
    }

    [Test]
    public async Task AClusterOfOneOutlivesItsProgramAndGrowsToThree()
    {
        using var folder = new TemporaryFolder();
        var ports = Ports.Find(3);
        using (var first = await AloneAsync(folder, ports))
        {
            Assert.That((await first.Services.GetRequiredService<ICountingStore>().AddAsync("kept", 7)).Value, Is.EqualTo(7));
            await first.StopAsync();
        }

        using var again = await AloneAsync(folder, ports);
        var store = again.Services.GetRequiredService<ICountingStore>();
        Assert.That((await store.AddAsync("kept", 1)).Value, Is.EqualTo(8));

        var node = again.Services.GetRequiredService<RaftStreamReplica>().Node;
        var joined = new List<IHost>();
        try
        {
            foreach (var id in (int[])[2, 3])
            {
                var builder = Host.CreateEmptyApplicationBuilder(null);
                builder.Services.AddRaftStream(options =>
                {
                    (options.Id, options.Join, options.ClusterId) = (id, true, "grows");
                    (options.Members, options.Data) = (FormattableString.Invariant($"{id}=127.0.0.1:{ports[id - 1]}"), folder.File($"node-{id}"));
                });
                var host = builder.Build();
                joined.Add(host);
                await host.StartAsync();
                Assert.That((await node.ChangeMembersAsync(MemberChange.Add(new(id), FormattableString.Invariant($"127.0.0.1:{ports[id - 1]}")))).Outcome, Is.EqualTo(Outcome.Applied));
                await Eventually.HoldsAsync(async () => (await node.ChangeMembersAsync(MemberChange.Promote(new(id)))).Outcome == Outcome.Applied, $"node {id} votes", Limit);
            }

            Assert.That((await joined[1].Services.GetRequiredService<ICountingStore>().GetAsync("kept")).Value, Is.EqualTo(8));
        }
        finally
        {
            foreach (var host in joined)
            {
                await host.StopAsync();
                host.Dispose();
            }
        }
    }

    [Test]
    public async Task AStateMachineOfOnesOwnTakesCommandsAndQueries()
    {
        using var folder = new TemporaryFolder();
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddRaftStream(options => (options.Data, options.StateMachine) = (folder.File("data"), static () => new LastWord()));
        using var host = builder.Build();
        await host.StartAsync();
        var node = host.Services.GetRequiredService<RaftStreamReplica>().Node;
        await Eventually.HoldsAsync(async () => (await node.ProposeAsync("one"u8.ToArray())).Outcome == Outcome.Applied, "a cluster of one leads itself", Limit);
        Assert.That((await node.ProposeAsync("two"u8.ToArray())).Reply.ToArray(), Is.EqualTo("one"u8.ToArray()));
        Assert.That((await node.ReadAsync(ReadOnlyMemory<byte>.Empty)).Reply.ToArray(), Is.EqualTo("two"u8.ToArray()));
        await host.StopAsync();
    }

    private static async Task<IHost> AloneAsync(TemporaryFolder folder, IReadOnlyList<int> ports)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddRaftStream(options => (options.Data, options.ClusterId, options.Members) = (folder.File("node-1"), "grows", FormattableString.Invariant($"1=127.0.0.1:{ports[0]}")));
        var host = builder.Build();
        await host.StartAsync();
        return host;
    }

    /// <summary>Remembers the last command, and replies with the one before.</summary>
    private sealed class LastWord : IStateMachine
    {
        private byte[] _last = [];

        public ulong StateHash => (ulong)_last.Length;

        public void Apply(in CommandBatch batch, ref RaftStream.Raft.Results results)
        {
            foreach (ref readonly var command in batch)
            {
                results.Writer.Write(_last);
                _last = command.Payload.ToArray();
                results.Complete();
            }
        }

        public void Query(ReadOnlySpan<byte> query, IBufferWriter<byte> reply) => reply.Write(_last);

        public ISnapshotView Capture() => new View(_last);

        public void Restore(ISnapshotReader reader)
        {
            var bytes = new byte[64];
            _last = bytes[..reader.Read(bytes)];
        }

        private sealed class View(byte[] word) : ISnapshotView
        {
            public bool WriteNext(IBufferWriter<byte> destination)
            {
                destination.Write(word);
                return false;
            }

            public void Dispose()
            {
            }
        }
    }
}
