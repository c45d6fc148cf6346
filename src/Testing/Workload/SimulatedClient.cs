using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>
/// A client of a simulated cluster, with one operation under way at the most. It asks the leader most of the time, else any node; what is not
/// answered in time, because its node died or was cut off, ends as <see cref="Outcome.Unknown"/>, and is never answered later.
/// </summary>
public sealed class SimulatedClient
{
    private const long Patience = 2_000_000_000;

    private readonly Simulation _simulation;
    private Action<Answer>? _answered;
    private long _number;
    private long _begun;

    internal SimulatedClient(Simulation simulation, int id, SimRandom random) => (_simulation, Id, Random) = (simulation, id, random);

    /// <summary>Which client: 0 for the first.</summary>
    public int Id { get; }

    /// <summary>The only source of chance that a workload may use.</summary>
    public SimRandom Random { get; }

    /// <summary>Simulated true time since the start: the same clock for all clients.</summary>
    public TimeSpan Now => TimeSpan.FromTicks(_simulation.Now / 100);

    /// <summary>Whether an operation is under way.</summary>
    public bool IsBusy => _answered is not null;

    /// <summary>Proposes a command. <see cref="Outcome.Applied"/>: done, with the reply; <see cref="Outcome.Rejected"/>: certainly not done; <see cref="Outcome.Unknown"/>: may be done, now or later.</summary>
    /// <exception cref="InvalidOperationException">The client has an operation under way.</exception>
    public void Write(ReadOnlySpan<byte> command, Action<Answer> answered) => Ask(RequestKind.Propose, command, answered);

    /// <summary>Answers a query linearizably.</summary>
    /// <exception cref="InvalidOperationException">The client has an operation under way.</exception>
    public void Read(ReadOnlySpan<byte> query, Action<Answer> answered) => Ask(RequestKind.Read, query, answered);

    /// <summary>Gives up what has waited too long.</summary>
    internal void LosePatience()
    {
        if (IsBusy && _simulation.Now - _begun > Patience)
            Finish(_number, new(Outcome.Unknown, Refusal.TimedOut, default, default));
    }

    private void Ask(RequestKind kind, ReadOnlySpan<byte> payload, Action<Answer> answered)
    {
        ArgumentNullException.ThrowIfNull(answered);
        if (IsBusy)
            throw new InvalidOperationException($"Client {Id} has an operation under way: begin the next one in ISimulatedWorkload.Act, which is called when it has none.");
        var number = ++_number;
        (_answered, _begun) = (answered, _simulation.Now);
        var node = _simulation.Nodes[Random.Below(_simulation.Nodes.Count)];
        if (Random.Chance(0.8))
            node = _simulation.Nodes.Find(static candidate => candidate.Replica?.Consensus.Core.Role == Role.Leader) ?? node;
        if (!node.Ask(new(kind, payload.ToArray(), answer => Finish(number, answer))))
            Finish(number, new(Outcome.Rejected, Refusal.Stopped, default, default));
    }

    private void Finish(long number, in Answer answer)
    {
        if (number != _number || _answered is not { } answered)
            return;
        _answered = null;
        answered(answer);
    }
}
