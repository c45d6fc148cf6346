using System.Buffers.Binary;

namespace RaftStream.StreamStateMachine;

/// <summary>Joins declared states to the key at hand and to the job's state. Owned by the receiver of one process function.</summary>
internal sealed class StateAccess(JobContext context, TopologyNode node)
{
    /// <summary>Timers that forget what has outlived its time carry this tag.</summary>
    public const byte EndTag = 3;

    private readonly KeyBuffer _timer = new();
    private byte[] _userKey = [];

    public JobContext Context => context;

    /// <summary>The key under construction.</summary>
    public KeyBuffer Key { get; } = new();

    /// <summary>From here on, states are those of this key.</summary>
    public void Enter(ReadOnlySpan<byte> userKey) => _userKey = userKey.ToArray();

    /// <summary>Begins the key of an entry of a state.</summary>
    public KeyBuffer Begin(byte part)
    {
        Key.Cut(0);
        StateKeys.WriteOperator(Key, node.Id, part);
        Key.WriteRaw(_userKey);
        return Key;
    }

    /// <summary>Has the entry under the key forgotten at a log time.</summary>
    public void SetEnd(long logTime)
    {
        WriteEnd();
        context.Timers.SetLog(node, logTime, _timer.Span);
    }

    /// <summary>The time of an entry may be over: forgets it, or looks again when its time is over now.</summary>
    public void OnEnd(ReadOnlySpan<byte> entry)
    {
        Key.Cut(0);
        StateKeys.WriteOperator(Key, node.Id, entry[0]);
        Key.WriteRaw(entry[1..]);
        if (!context.State.TryGet(Key.Span, out var stored))
            return;
        var end = BinaryPrimitives.ReadInt64LittleEndian(stored);
        if (end > context.LogTime)
            SetEnd(end);
        else
            context.State.Remove(Key.Span);
    }

    /// <summary>Copies of all entries whose keys begin with the one under construction.</summary>
    public List<(byte[] Key, byte[] Value)> Walk()
    {
        var entries = new List<(byte[] Key, byte[] Value)>();
        var prefix = Key.Span.ToArray();
        var from = prefix;
        while (context.State.TryCeiling(from, out var found, out var value) && found.StartsWith(prefix))
        {
            entries.Add((found.ToArray(), value.ToArray()));
            from = [.. found, 0];
        }

        return entries;
    }

    /// <summary>Forgets all entries whose keys begin with the one under construction.</summary>
    public void RemoveAll()
    {
        foreach (var (key, _) in Walk())
            context.State.Remove(key);
    }

    private void WriteEnd()
    {
        _timer.Cut(0);
        _timer.Write(EndTag);
        _timer.WriteRaw(Key.Span[(StateKeys.OperatorHead - 1)..]);
    }
}
