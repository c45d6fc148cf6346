using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// Outputs of sinks that were dead letters and are to be sent again, under the sequences that they had. They lie beside the outputs that wait (<see cref="JobOutputs"/>), so that these stay without a gap.
/// </summary>
internal sealed class JobResends(JobContext context)
{
    /// <summary>How many may wait at a sink.</summary>
    public const int Most = 1000;

    private const int HeadBytes = 1 + sizeof(ushort);

    private readonly KeyBuffer _key = new();
    private readonly ArrayBufferWriter<byte> _value = new(256);

    /// <summary>Takes an output in.</summary>
    public void Add(SinkNode sink, long sequence, long time, ReadOnlySpan<byte> payload)
    {
        _value.ResetWrittenCount();
        new MessagePackWriter(_value).Write(time);
        _value.Write(payload);
        WriteKey(sink, sequence);
        context.State.Put(_key.Span, _value.WrittenSpan);
    }

    /// <summary>The first that waits at a sink from a sequence on; false: there is none.</summary>
    public bool TryNext(SinkNode sink, long from, out long sequence, out long time, out ReadOnlySpan<byte> payload)
    {
        (sequence, time) = (0, 0);
        payload = default;
        WriteKey(sink, from);
        if (!context.State.TryCeiling(_key.Span, out var found, out var stored) || !found.StartsWith(_key.Span[..HeadBytes]))
            return false;
        var reader = new MessagePackReader(stored);
        Invariant.Check(reader.TryReadInt64(out time), "what is to be sent again was written by this class");
        sequence = StateKeys.Int64At(found, HeadBytes);
        payload = stored[reader.Position..];
        return true;
    }

    /// <summary>Whether as many wait at a sink as may.</summary>
    public bool IsFull(SinkNode sink)
    {
        var (count, from) = (0, 0L);
        for (; count < Most && TryNext(sink, from, out var sequence, out _, out _); count++)
            from = sequence + 1;
        return count == Most;
    }

    /// <summary>Forgets one.</summary>
    public void Remove(SinkNode sink, long sequence)
    {
        WriteKey(sink, sequence);
        context.State.Remove(_key.Span);
    }

    private void WriteKey(SinkNode sink, long sequence)
    {
        _key.Cut(0);
        _key.Write(StateKeys.Resend);
        _key.Write((ushort)sink.Id);
        _key.Write(sequence);
    }
}
