using System.Buffers.Binary;

namespace RaftStream.Raft;

/// <summary>A reply in a snapshot, without its bytes.</summary>
internal readonly record struct ReplyHead(long Sequence, LogPosition Position, bool IsKept);

/// <summary>
/// Reads what a <see cref="SessionSnapshot"/> wrote and leaves the source at the state machine's own bytes. Checks every range and
/// order, so that what is restored is what some table could have held.
/// </summary>
internal sealed class SessionSnapshotReader(ISnapshotReader source, SessionLimits limits)
{
    private readonly byte[] _head = new byte[SessionSnapshot.HeadSize];
    private byte[] _bytes = [];

    /// <summary>The sentence for a snapshot that is wrong here.</summary>
    public static InvalidDataException Damaged(string what) =>
        new($"The snapshot's sessions are damaged at {what}: restore another copy of it.");

    /// <summary>How many sessions follow.</summary>
    public int ReadCount()
    {
        var start = Read(SessionSnapshot.StartSize, "its start");
        if (BinaryPrimitives.ReadUInt64LittleEndian(start) != SessionSnapshot.Magic)
            throw new InvalidDataException("The snapshot does not begin with sessions: it was written by another release, use the one that wrote it.");
        var count = BinaryPrimitives.ReadUInt32LittleEndian(start[8..]);
        if (count > limits.MaxSessions || BinaryPrimitives.ReadUInt32LittleEndian(start[12..]) != 0)
            throw Damaged("their number");
        return (int)count;
    }

    /// <summary>The next session, which was used behind <paramref name="previous"/>.</summary>
    public SessionHead ReadHead(LogIndex previous)
    {
        var bytes = Read(SessionSnapshot.HeadSize, "a session");
        var head = new SessionHead(
            new(BinaryPrimitives.ReadInt64LittleEndian(bytes)),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]),
            new(BinaryPrimitives.ReadInt64LittleEndian(bytes[24..])),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadInt32LittleEndian(bytes[40..]));
        if (head.Id.Value < 1 || head.LastIndex.Value < head.Id.Value || head.LastIndex <= previous || !SessionEntry.IsIdleTimeout(head.IdleTimeout))
            throw Damaged($"the place of session {head.Id}");
        if (head.LastTime < 0 || head.Acknowledged < 0 || head.Replies < 0 || head.Replies > limits.Window || BinaryPrimitives.ReadUInt32LittleEndian(bytes[44..]) != 0)
            throw Damaged($"the numbers of session {head.Id}");
        return head;
    }

    /// <summary>The next reply of a session, behind that to <paramref name="previous"/>. The bytes are good until the next read.</summary>
    public ReplyHead ReadReply(in SessionHead session, long previous, out ReadOnlySpan<byte> bytes)
    {
        var head = Read(SessionSnapshot.ReplySize, $"a reply of session {session.Id}");
        var sequence = BinaryPrimitives.ReadInt64LittleEndian(head);
        var position = new LogPosition(new(BinaryPrimitives.ReadInt64LittleEndian(head[8..])), new(BinaryPrimitives.ReadInt64LittleEndian(head[16..])));
        var length = BinaryPrimitives.ReadUInt32LittleEndian(head[24..]);
        var isKept = length != SessionSnapshot.NotKept;
        if (sequence <= previous || sequence - session.Acknowledged > limits.Window || (isKept && length > limits.MaxReplyBytes))
            throw Damaged($"reply {sequence} of session {session.Id}");
        if (position.Index.Value <= session.Id.Value || position.Index > session.LastIndex || position.Term.Value < 1)
            throw Damaged($"the position of reply {sequence} of session {session.Id}");
        var size = isKept ? (int)length : 0;
        if (_bytes.Length < size)
            _bytes = new byte[size];
        Fill(_bytes.AsSpan(0, size), "the bytes of a reply");
        bytes = _bytes.AsSpan(0, size);
        return new(sequence, position, isKept);
    }

    private ReadOnlySpan<byte> Read(int size, string what)
    {
        Fill(_head.AsSpan(0, size), what);
        return _head.AsSpan(0, size);
    }

    private void Fill(Span<byte> destination, string what)
    {
        while (!destination.IsEmpty)
        {
            var read = source.Read(destination);
            if (read == 0)
                throw Damaged($"{what}, where they end");
            destination = destination[read..];
        }
    }
}
