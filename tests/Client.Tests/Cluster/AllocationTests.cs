using RaftStream.Client.Tests.Support;

namespace RaftStream.Client.Tests.Cluster;

/// <summary>What a call allocates in the program of the client, everything included: its probes, its timers, its sockets. The nodes are other processes.</summary>
[TestFixture]
internal sealed class AllocationTests : ClientFixture
{
    /// <summary>Bytes a call: what docs/client-protocol.md says.</summary>
    private const int Most = 32;

    private const int Rounds = 6;
    private const int Bursts = 640;

    [Test]
    public async Task AWarmCallAllocatesNoMoreThanItMay([Values("add", "get", "eventual")] string call, [Values(1, 64)] int atOnce)
    {
        var leader = await Cluster.LeaderAsync();
        await using var client = await ConnectAsync(Cluster, Cluster.Local.Members.First(member => member.Id == leader.Id));
        var least = double.MaxValue;
        for (var round = 0; round < Rounds; round++)
        {
            // Away from the context of the tests, which allocates for each wait. The first rounds warm up, and the runner of the tests allocates at times: the least counts.
            least = Math.Min(least, await Task.Run(() => MeasureAsync(client, call, atOnce, atOnce == 1 ? Bursts : Bursts / 8)));
        }

        Assert.That(least, Is.LessThan(Most));
    }

    /// <summary>Bytes a call, of bursts of so many: all are begun before the first is awaited.</summary>
    private static async Task<double> MeasureAsync(RaftStreamClient client, string call, int atOnce, int bursts)
    {
        var underWay = new ValueTask<CounterResult>[atOnce];
        var before = GC.GetTotalAllocatedBytes(precise: true);
        for (var burst = 0; burst < bursts; burst++)
        {
            for (var i = 0; i < atOnce; i++)
                Begin(client, call, ref underWay[i]);
            foreach (var each in underWay)
            {
                if (await each is { Outcome: not ClientOutcome.Applied } result)
                    Assert.Fail($"{result.Refusal}: {result.Problem}");
            }
        }

        return (GC.GetTotalAllocatedBytes(precise: true) - before) / (double)(atOnce * bursts);
    }

    private static void Begin(RaftStreamClient client, string call, ref ValueTask<CounterResult> underWay)
    {
        if (call == "add")
            Keep(client.AddAsync("hot", 1), ref underWay);
        else if (call == "get")
            Keep(client.GetAsync("hot"), ref underWay);
        else
            Keep(client.GetAsync("hot", new(ReadLevel.Eventual)), ref underWay);
    }

    private static void Keep(in ValueTask<CounterResult> begun, ref ValueTask<CounterResult> underWay) => underWay = begun;
}
