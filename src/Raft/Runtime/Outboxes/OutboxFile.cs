using System.Buffers.Binary;
using System.Globalization;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// One epoch of an outbox on disk: a header, and the commands in the order in which they were accepted. Written to by the life of the process that made it, and by no later
/// one. Owned by the outbox agent.
/// </summary>
/// <remarks>
/// Little-endian, all places multiples of 8. Header: 0 magic (u64), 8 node (i64), 16 cluster (16), 32 start (i64), 40 epoch (u128), 56 zero (u32), 60 CRC of what is before.
/// Record: 0 CRC of what follows, salted with the epoch (u32), 4 length (u32), 8 sequence (i64), 16 the last sequence that was known to be durable when it was written (i64), 24 the
/// command, zeros up to the next multiple of 8.
/// The file gets its name by a rename once its header is durable: so a header that does not read is damage, and never a crash.
/// </remarks>
internal sealed class OutboxFile : IDisposable
{
    /// <summary>What the names of outbox files end in.</summary>
    public const string Suffix = ".outbox";

    /// <summary>The name before the header is durable. The log's own temporary file ends otherwise.</summary>
    public const string TemporaryName = "outbox.tmp";

    private const ulong Magic = 0x3130_5854_554F_5352; // "RSOUTX01"
    private const int HeaderSize = 64;
    private const int RecordHeaderSize = 24;

    private readonly ulong _salt;
    private IDiskFile? _file;
    private byte[] _buffer = [];
    private int _staged;
    private long _end;

    private OutboxFile(string name, long start, UInt128 epoch, IDiskFile? file) =>
        (Name, Start, Epoch, _salt, _file, _end) = (name, start, epoch, (ulong)epoch, file, HeaderSize);

    public string Name { get; }

    /// <summary>The number of the epoch.</summary>
    public long Start { get; }

    public UInt128 Epoch { get; }

    /// <summary>The last command in it that is durable, and so how many there are.</summary>
    public long Last { get; private set; }

    /// <summary>The bytes in it.</summary>
    public long Size => _end;

    /// <summary>Whether nothing is written to it any more.</summary>
    public bool IsSealed => _file is null;

    /// <summary>The name of the file of an epoch: names are in the order of the numbers.</summary>
    public static string NameOf(long start) => start.ToString("D19", CultureInfo.InvariantCulture) + Suffix;

    /// <summary>Begins an epoch: durable with its name when this returns.</summary>
    public static OutboxFile Create(IDisk disk, LogIdentity identity, long start, UInt128 epoch)
    {
        Span<byte> header = stackalloc byte[HeaderSize];
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(header[8..], identity.Node.Value);
        Invariant.Check(identity.ClusterId.TryWriteBytes(header[16..32], bigEndian: true, out _), "a cluster id has 16 bytes");
        BinaryPrimitives.WriteInt64LittleEndian(header[32..], start);
        BinaryPrimitives.WriteUInt128LittleEndian(header[40..], epoch);
        BinaryPrimitives.WriteUInt32LittleEndian(header[56..], 0);
        BinaryPrimitives.WriteUInt32LittleEndian(header[60..], Crc32C.Of(header[..60]));
        disk.Delete(TemporaryName);
        var file = disk.Create(TemporaryName);
        var isMade = false;
        try
        {
            file.Write(0, header);
            file.SyncData();
            disk.Rename(TemporaryName, NameOf(start));
            disk.SyncFolder();
            isMade = true;
            return new(NameOf(start), start, epoch, file);
        }
        finally
        {
            if (!isMade)
                file.Dispose();
        }
    }

    /// <summary>Reads what an earlier life of the process left; <paramref name="take"/> is given each command in its order.</summary>
    /// <exception cref="ReplicaException">It is damaged or another node's, or cannot be opened.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static OutboxFile Read(IDisk disk, string name, LogIdentity identity, Action<OutboxPlace, byte[]> take)
    {
        byte[] bytes;
        using (var file = Open(disk, name))
        {
            bytes = new byte[file.Length];
            bytes = bytes[..file.Read(0, bytes)];
        }

        if (bytes.Length < HeaderSize || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic || BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(60)) != Crc32C.Of(bytes.AsSpan(0, 60)))
            throw Damaged(name, "its header");
        if (BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(8)) != identity.Node.Value || new Guid(bytes.AsSpan(16, 16), bigEndian: true) != identity.ClusterId)
            throw new ReplicaException($"'{name}' is the outbox of another node or cluster: move it back to where it belongs.");
        var start = BinaryPrimitives.ReadInt64LittleEndian(bytes.AsSpan(32));
        if (NameOf(start) != name)
            throw Damaged(name, "its number, which is not that of its name");
        var read = new OutboxFile(name, start, BinaryPrimitives.ReadUInt128LittleEndian(bytes.AsSpan(40)), null);
        read.Take(bytes, take);
        return read;
    }

    /// <summary>Adds a command to the next <see cref="Commit"/>; <paramref name="number"/> counts from 1 in each.</summary>
    public void Stage(ReadOnlySpan<byte> command, int number)
    {
        var size = SizeOf(command.Length);
        if (_buffer.Length < _staged + size)
            Array.Resize(ref _buffer, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)(_staged + size)));
        var record = _buffer.AsSpan(_staged, size);
        record.Clear();
        BinaryPrimitives.WriteInt32LittleEndian(record[4..], command.Length);
        BinaryPrimitives.WriteInt64LittleEndian(record[8..], Last + number);
        BinaryPrimitives.WriteInt64LittleEndian(record[16..], Last);
        command.CopyTo(record[RecordHeaderSize..]);
        BinaryPrimitives.WriteUInt32LittleEndian(record, SegmentHeader.Salted(_salt, record[4..]));
        _staged += size;
    }

    /// <summary>Writes what was staged, <paramref name="count"/> commands, with one sync; they are durable when this returns.</summary>
    /// <exception cref="DiskFullException">There is no room: a part may have been written, and nothing more must be written to this file.</exception>
    public void Commit(int count)
    {
        _file!.Write(_end, _buffer.AsSpan(0, _staged));
        _file.SyncData();
        Last += count;
        _end += _staged;
        _staged = 0;
    }

    /// <summary>Nothing more is written to it.</summary>
    public void Seal()
    {
        _file?.Dispose();
        (_file, _buffer, _staged) = (null, [], 0);
    }

    /// <inheritdoc/>
    public void Dispose() => Seal();

    /// <summary>
    /// Takes commands up to the first that does not read. Behind it nothing was accepted if it is what a crash tore: then no record there says that it was durable. One that does
    /// proves that it was, and is damaged now.
    /// </summary>
    private void Take(byte[] bytes, Action<OutboxPlace, byte[]> take)
    {
        var offset = HeaderSize;
        while (TryReadRecord(bytes.AsSpan(offset), out var sequence, out _, out var length) && sequence == Last + 1)
        {
            take(new(Start, Epoch, sequence), bytes[(offset + RecordHeaderSize)..(offset + RecordHeaderSize + length)]);
            offset += SizeOf(length);
            Last++;
        }

        _end = offset;
        for (var later = offset + 8; later < bytes.Length; later += 8)
        {
            if (TryReadRecord(bytes.AsSpan(later), out _, out var durable, out _) && durable > Last)
                throw Damaged(Name, $"command {Last + 1}, which was accepted");
        }
    }

    private bool TryReadRecord(ReadOnlySpan<byte> bytes, out long sequence, out long durable, out int length)
    {
        (sequence, durable, length) = (0, 0, 0);
        if (bytes.Length < RecordHeaderSize)
            return false;
        length = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        sequence = BinaryPrimitives.ReadInt64LittleEndian(bytes[8..]);
        durable = BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]);
        return length is >= 0 and <= OutboxEntry.MaxCommandBytes && SizeOf(length) <= bytes.Length && sequence > durable && durable >= 0
            && BinaryPrimitives.ReadUInt32LittleEndian(bytes) == SegmentHeader.Salted(_salt, bytes[4..SizeOf(length)]);
    }

    private static int SizeOf(int length) => (RecordHeaderSize + length + 7) & ~7;

    private static IDiskFile Open(IDisk disk, string name)
    {
        try
        {
            return disk.Open(name);
        }
        catch (IOException failure)
        {
            throw new ReplicaException(OpeningProblem.CannotOpen(name, failure).Sentence, failure);
        }
    }

    private static ReplicaException Damaged(string name, string what) =>
        new($"The outbox file '{name}' is damaged at {what}: put a sound copy back, or move the file away and give up those of its commands that are not in the log yet.");
}
