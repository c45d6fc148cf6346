using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Simulating;

internal sealed class SimNetworkTests
{
    [TestCase(true, false)]
    [TestCase(false, true)]
    public void Frames_of_a_lane_overtake_each_other_until_the_network_is_mended(bool isFaulty, bool isInOrder)
    {
        using var simulation = new Simulation(new() { Seed = 5, Swarm = Swarm.OnlyCuts });
        simulation.Network.IsFaulty = isFaulty;
        for (var i = 0; i < 100; i++)
            simulation.Network.Send(new(1), new(2), Lane.Bulk, [1, 2, 3]);
        var arrived = new List<long>();
        while (simulation.Events.TryTake(out var next, out _))
            arrived.Add(next.Number);
        Assert.That(arrived, Has.Count.EqualTo(100));
        Assert.That(arrived.Order().SequenceEqual(arrived), Is.EqualTo(isInOrder));
    }
}
