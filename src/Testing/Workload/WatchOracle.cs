using System.Buffers;
using System.Text;
using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>
/// What changed at which entry, learned from what the first replica to apply each entry answers about the keys that the entry names: nothing of how watches are made is used.
/// </summary>
internal sealed class WatchOracle
{
    private readonly Dictionary<string, long> _counters = new(StringComparer.Ordinal);
    private readonly List<WatchedChange> _changes = [];
    private readonly ArrayBufferWriter<byte> _query = new();
    private readonly ArrayBufferWriter<byte> _reply = new();

    /// <summary>All changes, in the order of the log.</summary>
    public IReadOnlyList<WatchedChange> Changes => _changes;

    /// <summary>A replica is the first to apply a command.</summary>
    public void OnApplied(IStateMachine machine, in Command command)
    {
        foreach (var key in KeysOf(command.Payload.Span))
        {
            var value = ValueOf(machine, key);
            var before = _counters.TryGetValue(key, out var known) ? known : (long?)null;
            if (value == before)
                continue;
            if (value is { } now)
                _counters[key] = now;
            else
                _counters.Remove(key);
            _changes.Add(new(command.Position.Index, key, value));
        }
    }

    /// <summary>A replica is the first to apply a batch, of keys that no other command names, and this is what its model has changed.</summary>
    public void OnBatch(LogIndex index, IReadOnlyList<ModelChange> changes)
    {
        foreach (var change in changes)
            _changes.Add(new(index, change.Key, change.Value?.Integer, change.Value is { Integer: null }));
    }

    /// <summary>What the keys that are watched held at an index; null for bytes.</summary>
    public Dictionary<string, long?> StateAt(LogIndex index, WatchFilter filter)
    {
        var state = new Dictionary<string, long?>(StringComparer.Ordinal);
        foreach (var change in _changes)
        {
            if (change.Index > index)
                break;
            if (!change.IsIn(filter))
                continue;
            if (change.Value is null && !change.HoldsBytes)
                state.Remove(change.Key);
            else
                state[change.Key] = change.Value;
        }

        return state;
    }

    /// <summary>The place of the first change behind an index.</summary>
    public int PlaceBehind(LogIndex index)
    {
        var place = _changes.Count;
        while (place > 0 && _changes[place - 1].Index > index)
            place--;
        return place;
    }

    private static List<string> KeysOf(ReadOnlySpan<byte> payload)
    {
        var reader = new MessagePackReader(payload);
        if (!StoreCommandReader.TryReadOpcode(ref reader, out var opcode))
            return [];
        if (opcode is StoreOpcode.Add or StoreOpcode.CompareAndSet or StoreOpcode.Delete)
            return StoreCommandReader.ReadKey(ref reader, out var key) == StoreProblem.None ? [Encoding.UTF8.GetString(key)] : [];
        var advance = new AdvanceCommand();
        if (opcode != StoreOpcode.Advance || advance.Read(ref reader, payload) != StoreProblem.None)
            return [];
        var keys = new List<string>();
        foreach (var change in advance.Changes)
            keys.Add(Encoding.UTF8.GetString(payload.Slice(change.KeyStart, change.KeyLength)));
        return keys;
    }

    private long? ValueOf(IStateMachine machine, string key)
    {
        _query.ResetWrittenCount();
        _reply.ResetWrittenCount();
        StoreQuery.WriteGet(_query, Encoding.UTF8.GetBytes(key));
        machine.Query(_query.WrittenSpan, _reply);
        var isReply = CounterReply.TryRead(_reply.WrittenSpan, out var reply);
        ViolationException.Require(isReply, "SoundReplies", $"A read of '{key}' is answered with what is no reply.");
        return reply.Exists ? reply.Value : null;
    }
}

/// <summary>A change of a key at an entry; null where it was deleted or holds bytes.</summary>
internal readonly record struct WatchedChange(LogIndex Index, string Key, long? Value, bool HoldsBytes = false)
{
    /// <summary>Whether a watch is about it.</summary>
    public bool IsIn(WatchFilter filter) => WatchFilter.Matches(filter.Kind, filter.Text, Encoding.UTF8.GetBytes(Key));
}
