namespace RaftStream.Testing;

/// <summary>
/// A node is alone for long while the others are busy, so that it comes back far behind, or far ahead with what nobody else has: a leader whose log
/// grew beyond what the others committed without it (its tail conflicts with their snapshot), or a follower whose state machine still works on what
/// was committed when a snapshot of much later arrives.
/// </summary>
internal sealed class Marooning(Simulation simulation, Swarm swarm, SimRandom random)
{
    /// <summary>More of them, each with as much load, would take longer to work off than a mended cluster has.</summary>
    private int _left = 2;

    /// <summary>Whether a fault becomes one of these: the node will be alone soon, and for long.</summary>
    public bool TryBegin()
    {
        if (_left == 0 || !random.Chance(swarm.Maroons) || Leader() is not { } leader)
            return false;
        _left--;
        var others = simulation.Nodes.FindAll(node => node != leader && node.Replica is not null && !node.IsRetired);
        var isLeader = others.Count == 0 || random.Chance(0.4);
        var node = isLeader ? leader : others[random.Below(others.Count)];
        var (cutAt, healAt) = (simulation.Now + random.Between(1_000_000, 100_000_000), simulation.Now + 600_000_000 + random.Below(3_400_000_000L));
        if (!isLeader)
        {
            // What is committed now reaches the node, and waits there.
            node.HangApply(healAt + random.Below(1_000_000_000));
            Burst(leader);
        }

        simulation.Happened("node marooned", node);
        simulation.Events.Add(cutAt, new(SimEventKind.Maroon, node.Id, default, 0, 0, 0, null));
        simulation.Events.Add(healAt, new(SimEventKind.Heal, default, default, 0, 0, 0, null));
        return true;
    }

    /// <summary>The node is cut off, and both it and whoever leads get more to do than before.</summary>
    public void Cut(SimNode node)
    {
        Burst(node);
        foreach (var other in simulation.Nodes)
        {
            simulation.Network.Cut(node.Id, other.Id, other != node);
            simulation.Network.Cut(other.Id, node.Id, other != node);
        }

        Burst(node);
        if (Leader() is { } leader && leader != node)
            Burst(leader);
    }

    private void Burst(SimNode node) => simulation.Workload.Burst(node, swarm.Burst(random, 10, 80));

    private SimNode? Leader() => simulation.Nodes.Find(static node => node.Replica?.Consensus.Core.Role == Role.Leader);
}
