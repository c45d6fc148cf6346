using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>The network between simulated nodes: loses, repeats, delays and so reorders frames, and is cut, both ways or one way.</summary>
internal sealed class SimNetwork(Simulation simulation, Swarm swarm, SimRandom random)
{
    private readonly bool[,] _cut = new bool[Simulation.MaxMachines + 1, Simulation.MaxMachines + 1];

    /// <summary>Whether loss, repetition and long delays happen.</summary>
    public bool IsFaulty { get; set; } = true;

    /// <summary>Sends a frame on its way.</summary>
    public bool Send(NodeId from, NodeId to, Lane lane, ReadOnlySpan<byte> frame)
    {
        simulation.Counts.Add("message sent");
        if (_cut[from.Value, to.Value])
        {
            simulation.Counts.Add("message cut off");
            return false;
        }

        if (IsFaulty && random.Chance(swarm.Loss))
        {
            simulation.Counts.Add("message lost");
            return true;
        }

        var copies = 1;
        if (IsFaulty && random.Chance(swarm.Duplicate))
        {
            simulation.Counts.Add("message duplicated");
            copies = 2;
        }

        var bytes = frame.ToArray();
        for (; copies > 0; copies--)
            simulation.Events.Add(simulation.Now + Delay(lane), new(SimEventKind.Deliver, to, from, 0, frame[0], 0, copies == 1 ? bytes : frame.ToArray()));
        return true;
    }

    /// <summary>Whether a frame that is due arrives.</summary>
    public bool Arrives(NodeId from, NodeId to) => !_cut[from.Value, to.Value];

    /// <summary>Cuts or mends the way from one node to another.</summary>
    public void Cut(NodeId from, NodeId to, bool cut) => _cut[from.Value, to.Value] = cut;

    /// <summary>Mends everything.</summary>
    public void Heal() => Array.Clear(_cut);

    private long Delay(Lane lane)
    {
        if (IsFaulty && random.Chance(swarm.LongDelay))
        {
            simulation.Counts.Add("message delayed");
            return random.Between(10_000_000, 900_000_000);
        }

        return lane == Lane.Control ? random.Between(50_000, 1_000_000) : random.Between(100_000, 3_000_000);
    }
}
