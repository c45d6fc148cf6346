using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// What the sinks of a job are given, each output under a sequence of its sink's: kept in the state until the sink has handed it on, or for as long as it says.
/// </summary>
internal sealed class JobOutputs(JobContext context)
{
    private readonly KeyBuffer _key = new();
    private readonly ArrayBufferWriter<byte> _value = new(256);

    /// <summary>Gives a sink an output.</summary>
    public void Add(SinkNode sink, long time, ReadOnlySpan<byte> payload)
    {
        var sequence = NextOf(sink);
        if (sink.Keep is { } most)
            Forget(sink, sequence - most); // First, so that a state that is full has room for what takes its place.
        WriteKey(StateKeys.Output, sink.Id);
        _key.Write(sequence);
        _value.ResetWrittenCount();
        new MessagePackWriter(_value).Write(time);
        _value.Write(payload);
        context.State.Put(_key.Span, _value.WrittenSpan);
        SetNext(sink, sequence + 1);
    }

    /// <summary>The sequence of a sink's next output: 1 for the first.</summary>
    public long NextOf(SinkNode sink)
    {
        WriteKey(StateKeys.Sink, sink.Id);
        return context.State.TryGet(_key.Span, out var stored) ? Codecs.Int64.Read(stored) : 1;
    }

    /// <summary>The sequence of the oldest output that is kept; that of the next where none is.</summary>
    public long FirstOf(SinkNode sink)
    {
        WriteKey(StateKeys.Output, sink.Id);
        return context.State.TryCeiling(_key.Span, out var found, out _) && found.StartsWith(_key.Span) ? StateKeys.Int64At(found, _key.Length) : NextOf(sink);
    }

    /// <summary>How many outputs wait to be handed on.</summary>
    public long WaitingAt(SinkNode sink) => NextOf(sink) - FirstOf(sink);

    /// <summary>An output; false: it is not kept, or not made yet.</summary>
    public bool TryGet(SinkNode sink, long sequence, out long time, out ReadOnlySpan<byte> payload)
    {
        WriteKey(StateKeys.Output, sink.Id);
        _key.Write(sequence);
        time = 0;
        payload = default;
        if (!context.State.TryGet(_key.Span, out var stored))
            return false;
        var reader = new MessagePackReader(stored);
        if (!reader.TryReadInt64(out time))
            return false;
        payload = stored[reader.Position..];
        return true;
    }

    /// <summary>Forgets the outputs up to a sequence, that one too; gives how many were there.</summary>
    public long Forget(SinkNode sink, long upTo)
    {
        var forgotten = 0L;
        for (var sequence = FirstOf(sink); sequence <= upTo; sequence++)
        {
            WriteKey(StateKeys.Output, sink.Id);
            _key.Write(sequence);
            if (!context.State.Remove(_key.Span))
                break;
            forgotten++;
        }

        return forgotten;
    }

    private void SetNext(SinkNode sink, long next)
    {
        WriteKey(StateKeys.Sink, sink.Id);
        _value.ResetWrittenCount();
        Codecs.Int64.Write(_value, next);
        context.State.Put(_key.Span, _value.WrittenSpan);
    }

    private void WriteKey(byte space, int sink)
    {
        _key.Cut(0);
        _key.Write(space);
        _key.Write((ushort)sink);
    }
}
