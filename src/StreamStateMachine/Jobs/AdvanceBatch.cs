using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>The records and dead letters of a batch under construction, as they go into the log. Owned by one reader and used again.</summary>
internal sealed class AdvanceBatch
{
    private readonly List<Letter> _letters = [];
    private byte[] _records = new byte[64 * 1024];
    private int _length;
    private int _letterBytes;

    /// <summary>How many records for the log.</summary>
    public int Records { get; private set; }

    /// <summary>How many bytes it takes.</summary>
    public int Bytes => _length + _letterBytes;

    /// <summary>Adds a record of an edge.</summary>
    public void Add(int ingress, ReadOnlySpan<byte> value, long time)
    {
        var output = new SpanOutput(this);
        var writer = new MessagePackWriter(output);
        writer.WriteArrayHeader(3);
        writer.Write((long)ingress);
        writer.Write(time);
        writer.WriteBinary(value);
        Records++;
    }

    /// <summary>Adds a record that was set aside at the reader.</summary>
    public void AddLetter(string reason, long time, ReadOnlyMemory<byte> raw)
    {
        _letters.Add(new(reason, time, raw));
        _letterBytes += raw.Length + (2 * reason.Length);
    }

    /// <summary>Where the batch ends now.</summary>
    public (int Records, int Length) Mark() => (Records, _length);

    /// <summary>Takes out what was added since.</summary>
    public void RollbackTo((int Records, int Length) mark) => (Records, _length) = mark;

    /// <summary>Writes the list of records, then that of letters.</summary>
    public void Write(MessagePackWriter writer, IBufferWriter<byte> output)
    {
        writer.WriteArrayHeader(Records);
        output.Write(_records.AsSpan(0, _length));
        writer.WriteArrayHeader(_letters.Count);
        foreach (var (reason, time, raw) in _letters)
        {
            writer.WriteArrayHeader(3);
            writer.WriteString(reason);
            writer.Write(time);
            writer.WriteBinary(raw.Span);
        }
    }

    /// <summary>Empties the batch.</summary>
    public void Clear()
    {
        (Records, _length, _letterBytes) = (0, 0, 0);
        _letters.Clear();
    }

    private sealed record Letter(string Reason, long Time, ReadOnlyMemory<byte> Raw);

    /// <summary>Writes behind the records that are there.</summary>
    private sealed class SpanOutput(AdvanceBatch batch) : IBufferWriter<byte>
    {
        public void Advance(int count) => batch._length += count;

        public Memory<byte> GetMemory(int sizeHint = 0)
        {
            var needed = batch._length + Math.Max(1, sizeHint);
            if (needed > batch._records.Length)
                Array.Resize(ref batch._records, Math.Max(needed, 2 * batch._records.Length));
            return batch._records.AsMemory(batch._length);
        }

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
