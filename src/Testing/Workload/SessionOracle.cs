using System.Text;
using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>
/// What the commands of all simulated sessions really did, told from the first replica that applies each entry: every command adds an
/// amount of its own to its client's counter, so its amount names it.
/// </summary>
internal sealed class SessionOracle
{
    private readonly Dictionary<long, Effect> _effects = [];
    private readonly HashSet<long> _never = [];
    private readonly Dictionary<string, long> _sums = new(StringComparer.Ordinal);

    /// <summary>What the counters of all clients must hold.</summary>
    public IReadOnlyDictionary<string, long> Sums => _sums;

    /// <summary>A client's counter. Its first letter keeps it apart from words.</summary>
    public static string KeyOf(int client) => FormattableString.Invariant($"#session{client}");

    /// <summary>A command was applied for the first time anywhere at its index.</summary>
    public void OnApplied(Command command)
    {
        var reader = new MessagePackReader(command.Payload.Span);
        if (!reader.TryReadArrayHeader(out var fields) || fields != 3 || !reader.TryReadUInt64(out var opcode) || opcode != (ulong)StoreOpcode.Add)
            return;
        if (!reader.TryReadStringBytes(out var key) || !key.StartsWith("#session"u8) || !reader.TryReadInt64(out var delta))
            return;
        var name = Encoding.UTF8.GetString(key);
        ViolationException.Require(!_effects.TryGetValue(delta, out var before), "ExactlyOnceSession", $"The session command that adds {delta} to {name} is applied at {command.Position} after it was applied at {before.Position}.");
        ViolationException.Require(!_never.Contains(delta), "ExactlyOnceSession", $"The session command that adds {delta} to {name} is applied at {command.Position} after it was answered as surely not done.");
        _sums[name] = _sums.GetValueOrDefault(name) + delta;
        _effects.Add(delta, new(command.Position, _sums[name]));
    }

    /// <summary>A client was told that a command is applied.</summary>
    public void OnAnswered(long delta, in Answer answer)
    {
        var isApplied = _effects.TryGetValue(delta, out var effect);
        ViolationException.Require(isApplied, "ExactlyOnceSession", $"The session command that adds {delta} is answered as applied at {answer.Position}, and no replica applied it.");
        ViolationException.Require(effect.Position == answer.Position, "SessionReply", $"The session command that adds {delta} was applied at {effect.Position} and is answered with {answer.Position}.");
        if (answer.Refusal == Refusal.ReplyNotKept)
            return;
        var isReply = CounterReply.TryRead(answer.Reply.Span, out var reply);
        ViolationException.Require(isReply && reply.Value == effect.Value, "SessionReply", $"The session command that adds {delta} made {effect.Value} and is answered with {reply.Value}.");
    }

    /// <summary>A client was told that a command is surely not applied, now or later.</summary>
    public void OnRejected(long delta)
    {
        ViolationException.Require(!_effects.ContainsKey(delta), "ExactlyOnceSession", $"The session command that adds {delta} is answered as surely not done, and was applied.");
        _never.Add(delta);
    }

    private readonly record struct Effect(LogPosition Position, long Value);
}
