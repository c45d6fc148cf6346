using System.Buffers.Binary;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Wire;

/// <summary>What is wrong with the next frame on a connection.</summary>
internal enum FrameFault : byte
{
    /// <summary>Nothing: the frame is whole.</summary>
    None = 0,

    /// <summary>The connection ended between two frames.</summary>
    Ended = 1,

    /// <summary>The connection ended inside a frame.</summary>
    CutShort = 2,

    /// <summary>The announced length has no room for a type.</summary>
    TooShort = 3,

    /// <summary>The announced length is above the lane's limit.</summary>
    TooLong = 4,

    /// <summary>The frame is for a group that does not exist.</summary>
    OtherGroup = 5,

    /// <summary>The checksum does not match: the bytes are damaged.</summary>
    BadChecksum = 6,

    /// <summary>The frame was passed over because too much that was received waits already; the connection goes on behind it.</summary>
    NoRoom = 7,

    /// <summary>The frame was not complete in time.</summary>
    TooSlow = 8,
}

/// <summary>
/// The unit that travels between nodes. On the wire, little-endian, a header of 16 bytes and a body:
/// <code>
///  0  length     u32   bytes from offset 12 to the end: 4 up to the lane's limit
///  4  CRC32C     u32   of everything from offset 8 to the end
///  8  group      u32   zero: one group today
/// 12  type       u8
/// 13  zero       3 bytes
/// 16  body
/// </code>
/// </summary>
/// <remarks>
/// The line between transport and agents runs at offset 12. The transport owns the <see cref="OuterSize"/> bytes before it
/// (<c>length, CRC32C, group</c>): it adds them in <see cref="INetwork.TrySend"/>, and checks and strips them before
/// <see cref="IFrameSink.TryDeliver"/>. What agents call a frame is <c>type, three zero bytes, body</c>, which starts at offset 0 of
/// their span or array and is opaque to the transport: the message codec writes and checks it, its body starting at
/// <see cref="HeadSize"/>. So the wire can change its framing (another group, TLS) without touching a message, and a simulator
/// passes agents' frames around without any framing.
/// The checksum does not cover the length: a damaged length moves the end of the checked bytes, which the checksum then finds.
/// It guards against faults of hardware and software, not against malice.
/// </remarks>
internal static class Frame
{
    /// <summary>Bytes that the transport adds in front of an agent's frame.</summary>
    public const int OuterSize = 12;

    /// <summary>Bytes of an agent's frame before its body, and the least length of a frame: the type and three zeros.</summary>
    public const int HeadSize = 4;

    /// <summary>How many lanes there are.</summary>
    public const int Lanes = 3;

    private const int GroupOffset = 8;

    /// <summary>The largest agent's frame on a lane, in bytes, its <see cref="HeadSize"/> included.</summary>
    public static int Largest(Lane lane) => lane switch
    {
        Lane.Control => 64 * 1024,
        Lane.Bulk => 16 * 1024 * 1024,
        _ => 2 * 1024 * 1024,
    };

    /// <summary>The bytes that may wait for a peer on a lane, framing included and those in the write under way included.</summary>
    public static int Backlog(Lane lane) => lane switch
    {
        Lane.Control => 1024 * 1024,
        Lane.Bulk => 32 * 1024 * 1024,
        _ => 4 * 1024 * 1024,
    };

    /// <summary>
    /// Writes the outer header for a frame of <paramref name="length"/> bytes, with the checksum left for <see cref="Seal"/>: the
    /// agent that sends should not pay for checksums of megabytes.
    /// </summary>
    public static void WriteOuter(Span<byte> destination, int length)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(destination, (uint)length);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[4..], 0);
    }

    /// <summary>Fills in the checksums of whole frames that stand one behind the other; returns how many there are.</summary>
    public static int Seal(Span<byte> frames)
    {
        var count = 0;
        while (frames.Length > 0)
        {
            var size = OuterSize + (int)BinaryPrimitives.ReadUInt32LittleEndian(frames);
            var checksum = Crc32C.Of(frames[GroupOffset..size]);
            BinaryPrimitives.WriteUInt32LittleEndian(frames[4..], checksum);
            frames = frames[size..];
            count++;
        }

        return count;
    }

    /// <summary>Judges an outer header (at least <see cref="OuterSize"/> bytes) before anything is allocated for its frame.</summary>
    public static FrameFault ReadOuter(ReadOnlySpan<byte> header, Lane lane, out int length, out uint checksum) =>
        ReadOuter(header, Largest(lane), out length, out checksum);

    /// <summary>The same for a frame that may be as large as <paramref name="largest"/>: frames of clients have this header, too.</summary>
    public static FrameFault ReadOuter(ReadOnlySpan<byte> header, int largest, out int length, out uint checksum)
    {
        var announced = BinaryPrimitives.ReadUInt32LittleEndian(header);
        checksum = BinaryPrimitives.ReadUInt32LittleEndian(header[4..]);
        length = 0;
        if (announced < HeadSize)
            return FrameFault.TooShort;
        if (announced > (uint)largest)
            return FrameFault.TooLong;
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[GroupOffset..]) != 0)
            return FrameFault.OtherGroup;
        length = (int)announced;
        return FrameFault.None;
    }

    /// <summary>The checksum of a frame of group zero.</summary>
    public static uint Checksum(ReadOnlySpan<byte> frame) =>
        Crc32C.Append(Crc32C.Append(Crc32C.Start, [0, 0, 0, 0]), frame) ^ Crc32C.Start;

    /// <summary>The fault as the end of a sentence.</summary>
    public static string Describe(FrameFault fault, Lane lane) => fault switch
    {
        FrameFault.None => "it is whole",
        FrameFault.Ended => "the connection ended",
        FrameFault.CutShort => "the connection ended inside a frame",
        FrameFault.TooShort => "a frame announces fewer than 4 bytes",
        FrameFault.TooLong => $"a frame announces more than the {Largest(lane)} bytes its lane allows",
        FrameFault.OtherGroup => "a frame is for another group than 0",
        FrameFault.NoRoom => "a frame found no room",
        FrameFault.TooSlow => "a frame was begun and not completed in time",
        _ => "a frame's checksum does not match",
    };
}
