using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>The network between simulated nodes: loses, repeats, delays and so reorders frames, and is cut, both ways or one way.</summary>
/// <remarks>
/// Once nothing is faulty any more, the frames of a lane arrive in their order, as over the connection that a real lane is.
/// Each sender draws from a source of its own, and as much for each frame whatever becomes of it: so a fault that is left out leaves the fates of
/// the other frames as they are.
/// </remarks>
internal sealed class SimNetwork
{
    private readonly bool[,] _cut = new bool[Simulation.MaxMachines + 1, Simulation.MaxMachines + 1];
    private readonly long[,,] _lastArrival = new long[Simulation.MaxMachines + 1, Simulation.MaxMachines + 1, 3];
    private readonly SimRandom[] _senders = new SimRandom[Simulation.MaxMachines + 1];
    private readonly Simulation _simulation;
    private readonly double _loss;
    private readonly double _duplicate;
    private readonly double _longDelay;
    private int _number;

    public SimNetwork(Simulation simulation, Swarm swarm, SimRandom random)
    {
        _simulation = simulation;
        var without = simulation.Options.Without;
        _loss = without.HasFlag(SimulationPart.Loss) ? 0 : swarm.Loss;
        _duplicate = without.HasFlag(SimulationPart.Duplication) ? 0 : swarm.Duplicate;
        _longDelay = without.HasFlag(SimulationPart.Delay) ? 0 : swarm.LongDelay;
        for (var id = 0; id < _senders.Length; id++)
            _senders[id] = random.Fork();
    }

    /// <summary>Whether loss, repetition and long delays happen.</summary>
    public bool IsFaulty { get; set; } = true;

    /// <summary>Sends a frame on its way.</summary>
    public bool Send(NodeId from, NodeId to, Lane lane, ReadOnlySpan<byte> frame)
    {
        var random = _senders[from.Value];
        var (loss, repeat, length, spread) = (random.NextUnit(), random.NextUnit(), random.NextUnit(), random.NextUnit());
        var number = ++_number;
        var coverage = _simulation.Coverage;
        coverage.Sent(frame);
        if (_cut[from.Value, to.Value])
        {
            coverage.CutOff++;
            _simulation.Account?.Sent(number, from, to, frame, "cut off");
            return false;
        }

        if (IsFaulty && loss < _loss)
        {
            coverage.Lost++;
            _simulation.Account?.Sent(number, from, to, frame, "lost");
            return true;
        }

        _simulation.Account?.Sent(number, from, to, frame, null);
        var bytes = frame.ToArray();
        Foresee(from, to, number, bytes, IsFaulty ? Delay(lane, length, spread) : InOrder(from, to, lane, Delay(lane, length, spread)));
        if (!IsFaulty || repeat >= _duplicate)
            return true;
        coverage.Duplicated++;

        // Drawn from the number that made it a repetition: nobody else's draws move.
        var again = repeat / _duplicate;
        Foresee(from, to, number, frame.ToArray(), Delay(lane, 1 - length, again));
        return true;
    }

    /// <summary>Whether a frame that is due arrives.</summary>
    public bool Arrives(NodeId from, NodeId to) => !_cut[from.Value, to.Value];

    /// <summary>Cuts or mends the way from one node to another.</summary>
    public void Cut(NodeId from, NodeId to, bool cut) => _cut[from.Value, to.Value] = cut;

    /// <summary>Mends everything.</summary>
    public void Heal() => Array.Clear(_cut);

    private void Foresee(NodeId from, NodeId to, int number, byte[] frame, long after) =>
        _simulation.Events.Add(_simulation.Now + after, new(SimEventKind.Deliver, to, from, 0, number, 0, frame));

    private long InOrder(NodeId from, NodeId to, Lane lane, long delay)
    {
        ref var last = ref _lastArrival[from.Value, to.Value, (int)lane];
        last = Math.Max(_simulation.Now + delay, last + 1);
        return last - _simulation.Now;
    }

    private long Delay(Lane lane, double length, double spread)
    {
        if (IsFaulty && length < _longDelay)
        {
            _simulation.Coverage.Delayed++;
            return 10_000_000 + (long)(spread * 890_000_000);
        }

        return lane == Lane.Control ? 50_000 + (long)(spread * 950_000) : 100_000 + (long)(spread * 2_900_000);
    }
}
