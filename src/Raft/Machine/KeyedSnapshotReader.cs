using System.Buffers.Binary;

namespace RaftStream.Raft;

/// <summary>Reads what a <see cref="KeyedSnapshot"/> wrote, and nothing that no log could have led to.</summary>
internal sealed class KeyedSnapshotReader(ISnapshotReader source, SessionLimits limits)
{
    private readonly byte[] _head = new byte[KeyedSnapshot.KeySize];
    private readonly byte[] _reply = new byte[limits.MaxKeyReplyBytes];
    private LogPosition _last;
    private long _time;

    /// <summary>How many keys follow.</summary>
    /// <exception cref="InvalidDataException">There are no keys.</exception>
    public int ReadCount()
    {
        var start = _head.AsSpan(0, KeyedSnapshot.StartSize);
        Fill(start);
        if (BinaryPrimitives.ReadUInt64LittleEndian(start) != KeyedSnapshot.Magic)
            throw new InvalidDataException("The snapshot has no idempotency keys behind its outboxes: it was written by another release, use the one that wrote it.");
        var count = BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        if (count > limits.MaxKeys || BinaryPrimitives.ReadUInt32LittleEndian(start[12..]) != 0)
            throw Damaged("their number");
        return (int)count;
    }

    /// <summary>The next key and its reply.</summary>
    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public KeyedReply Read()
    {
        Fill(_head);
        var key = new IdempotencyKey(BinaryPrimitives.ReadUInt128LittleEndian(_head));
        var position = new LogPosition(new(BinaryPrimitives.ReadInt64LittleEndian(_head.AsSpan(32))), new(BinaryPrimitives.ReadInt64LittleEndian(_head.AsSpan(40))));
        var time = BinaryPrimitives.ReadInt64LittleEndian(_head.AsSpan(48));
        var length = BinaryPrimitives.ReadUInt32LittleEndian(_head.AsSpan(56));
        var isKept = length != KeyedSnapshot.NotKept;
        if (position.Index <= _last.Index || position.Term < _last.Term || position.Term.Value < 1 || time < _time)
            throw Damaged($"the place of key {key}");
        if ((isKept && length > limits.MaxKeyReplyBytes) || BinaryPrimitives.ReadUInt32LittleEndian(_head.AsSpan(60)) != 0)
            throw Damaged($"the reply of key {key}");
        (_last, _time) = (position, time);
        var bytes = _reply.AsSpan(0, isKept ? (int)length : 0);
        Fill(bytes);
        var reply = new KeyedReply(key, BinaryPrimitives.ReadUInt128LittleEndian(_head.AsSpan(16)), position, time);
        reply.Complete(bytes, isKept);
        return reply;
    }

    /// <summary>The error for damage at a place.</summary>
    public static InvalidDataException Damaged(string what) => new($"The snapshot's idempotency keys are damaged at {what}: restore another copy of it.");

    private void Fill(Span<byte> destination)
    {
        while (!destination.IsEmpty)
        {
            var read = source.Read(destination);
            if (read == 0)
                throw Damaged("where they end");
            destination = destination[read..];
        }
    }
}
