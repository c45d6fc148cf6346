using RaftStream.Raft.Runtime;

namespace RaftStream.Testing;

/// <summary>
/// Reads at every level, from any node, each held to what its level promises in true time: a lease read to linearizability, a bounded one to its bound, a
/// session's to what the session saw, an eventual one to nothing but truth.
/// </summary>
internal sealed class LevelReads(Simulation simulation, SimRandom random)
{
    private readonly Dictionary<string, (LogIndex Index, long Value)> _tokens = new(StringComparer.Ordinal);

    /// <summary>Reads a counter at some level.</summary>
    public void Read(string key, CounterOracle oracle, ReadOnlyMemory<byte> query)
    {
        var kind = (RequestKind)random.Between((int)RequestKind.ReadLocal, (int)RequestKind.ReadAt);
        var bound = TimeSpan.FromMilliseconds(random.Between(0, 1000));
        var token = _tokens.GetValueOrDefault(key);
        var (promise, floor) = kind switch
        {
            RequestKind.ReadByLease => ("Lease", oracle.Floor),
            RequestKind.ReadBounded => ("BoundedStaleness", oracle.AcknowledgedAt(simulation.Now - (bound.Ticks * 100))),
            RequestKind.ReadAt => ("Session", token.Value),
            _ => ("Eventual", 0),
        };
        var node = kind == RequestKind.ReadByLease && random.Chance(0.8)
            ? simulation.Nodes.Find(static candidate => candidate.Replica?.Consensus.Core.Role == Role.Leader)
            : simulation.Nodes[random.Below(simulation.Nodes.Count)];
        node?.Ask(new(kind, query, bound, token.Index, answer => OnAnswer(key, oracle, kind, promise, floor, answer)));
    }

    private void OnAnswer(string key, CounterOracle oracle, RequestKind kind, string promise, long floor, in Answer answer)
    {
        simulation.Counts.Add($"{promise} read {(answer.Outcome == Outcome.Applied ? "Applied" : answer.Refusal)}");
        if (answer.Outcome != Outcome.Applied || !CounterReply.TryRead(answer.Reply.Span, out var reply))
            return;
        if (kind == RequestKind.ReadByLease)
            oracle.Read(key, floor, reply.Value);
        else
            oracle.ReadWeakly(key, promise, floor, reply.Value);
        if (answer.Position.Index > _tokens.GetValueOrDefault(key).Index)
            _tokens[key] = (answer.Position.Index, reply.Value);
    }
}
