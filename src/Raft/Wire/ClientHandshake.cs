using System.Buffers;
using System.Buffers.Binary;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Wire;

/// <summary>What a client says first.</summary>
/// <param name="ClusterId">The cluster that it wants; null for any.</param>
/// <param name="Name">What it calls itself, for people: up to 64 bytes.</param>
/// <param name="Token">By which the node knows who it is: up to 128 bytes; null for none.</param>
internal sealed record ClientGreeting(Guid? ClusterId, string Name, string? Token = null)
{
    /// <summary>Without the token, which is nobody else's business.</summary>
    public override string ToString() => $"{nameof(ClientGreeting)} {{ {nameof(ClusterId)} = {ClusterId}, {nameof(Name)} = {Name} }}";
}

/// <summary>What a node answers to a greeting.</summary>
/// <param name="Refusal">0 if it may go on, else a code of the client protocol.</param>
/// <param name="Sentence">The refusal in words, or null.</param>
internal sealed record ClientWelcome(byte Refusal, string? Sentence)
{
    /// <summary>The node's cluster; empty in a refusal, which may go to a stranger.</summary>
    public Guid ClusterId { get; init; }

    /// <summary>Which life of the cluster.</summary>
    public uint Incarnation { get; init; }

    /// <summary>The node.</summary>
    public int Node { get; init; }

    /// <summary>So many requests of a connection are worked at together; further ones wait.</summary>
    public int MaxInFlight { get; init; }

    /// <summary>No body of a request is larger, in bytes.</summary>
    public int MaxRequest { get; init; }
}

/// <summary>
/// The first thing that goes either way on a connection of a client: its greeting, then the node's answer in the same form. 17 to 1,024 bytes:
/// <code>
///  0  magic    8 bytes   "RAFTSTRC"
///  8  version  u16       1, little-endian
/// 10  length   u16       of the whole greeting, little-endian
/// 12  body     a MessagePack array: [cluster id or nil, name], [cluster id or nil, name, token] or
///              [refusal, sentence or nil, cluster id, incarnation, node, max in flight, max request]
/// -4  CRC32C   u32       of everything before it, little-endian
/// </code>
/// The first 12 bytes stay as they are in every future version, so that any two versions can tell each other that they differ.
/// </summary>
internal static class ClientHandshake
{
    /// <summary>The version of the protocol that this program speaks.</summary>
    public const ushort CurrentVersion = 1;

    /// <summary>Bytes that are the same in every version: magic, version, length.</summary>
    public const int PrefixSize = 12;

    /// <summary>The largest greeting of any version.</summary>
    public const int LargestSize = 1_024;

    /// <summary>The longest name, in bytes of UTF-8.</summary>
    public const int MaxName = 64;

    /// <summary>The longest token, in bytes of UTF-8.</summary>
    public const int MaxToken = 128;

    /// <summary>The longest sentence, in bytes of UTF-8.</summary>
    public const int MaxSentence = 512;

    private const int ChecksumSize = 4;
    private const int GuidSize = 16;

    private static ReadOnlySpan<byte> Magic => "RAFTSTRC"u8;

    /// <summary>A client's greeting.</summary>
    public static byte[] Write(ClientGreeting greeting)
    {
        var body = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(body);

        // Without a token as before there were any, so that a node of before takes it.
        writer.WriteArrayHeader(greeting.Token is null ? 2 : 3);
        WriteCluster(writer, greeting.ClusterId);
        writer.WriteString(greeting.Name);
        if (greeting.Token is not null)
            writer.WriteString(greeting.Token);
        return Wrap(body.WrittenSpan);
    }

    /// <summary>A node's answer.</summary>
    public static byte[] Write(ClientWelcome welcome)
    {
        var body = new ArrayBufferWriter<byte>();
        var writer = new MessagePackWriter(body);
        writer.WriteArrayHeader(7);
        writer.Write((ulong)welcome.Refusal);
        if (welcome.Sentence is null)
            writer.WriteNil();
        else
            writer.WriteString(welcome.Sentence);
        WriteCluster(writer, welcome.ClusterId);
        writer.Write((ulong)welcome.Incarnation);
        writer.Write(welcome.Node);
        writer.Write(welcome.MaxInFlight);
        writer.Write(welcome.MaxRequest);
        return Wrap(body.WrittenSpan);
    }

    /// <summary>Reads the part that is the same in every version. False: this is no greeting of any version.</summary>
    public static bool TryReadPrefix(ReadOnlySpan<byte> prefix, out ushort version, out int size)
    {
        (version, size) = (0, 0);
        if (prefix.Length < PrefixSize || !prefix[..Magic.Length].SequenceEqual(Magic))
            return false;
        version = BinaryPrimitives.ReadUInt16LittleEndian(prefix[8..]);
        size = BinaryPrimitives.ReadUInt16LittleEndian(prefix[10..]);
        return size is > PrefixSize + ChecksumSize and <= LargestSize;
    }

    /// <summary>Reads a greeting of this version; null where it is damaged or out of range. Nothing is thrown for any bytes.</summary>
    public static ClientGreeting? TryReadGreeting(ReadOnlySpan<byte> source)
    {
        var reader = new MessagePackReader(BodyOf(source));
        if (!reader.TryReadArrayHeader(out var count) || count is not (2 or 3) || !TryReadCluster(ref reader, out var cluster) || !reader.TryReadString(MaxName, out var name))
            return null;
        string? token = null;
        return (count == 2 || reader.TryReadString(MaxToken, out token)) && reader.Remaining == 0 ? new(cluster, name, token) : null;
    }

    /// <summary>Reads an answer of this version; null where it is damaged or out of range. Nothing is thrown for any bytes.</summary>
    public static ClientWelcome? TryReadWelcome(ReadOnlySpan<byte> source)
    {
        var reader = new MessagePackReader(BodyOf(source));
        if (!reader.TryReadArrayHeader(out var count) || count != 7 || !reader.TryReadUInt64(out var refusal) || refusal > byte.MaxValue)
            return null;
        string? sentence = null;
        if (!reader.TryReadNil() && !reader.TryReadString(MaxSentence, out sentence))
            return null;
        if (!TryReadCluster(ref reader, out var cluster) || !reader.TryReadUInt64(out var incarnation) || incarnation > uint.MaxValue)
            return null;
        if (!reader.TryReadUInt64(out var node) || node > NodeId.MaxValue || !reader.TryReadUInt64(out var inFlight) || inFlight > int.MaxValue)
            return null;
        if (!reader.TryReadUInt64(out var request) || request > int.MaxValue || reader.Remaining > 0)
            return null;
        return new((byte)refusal, sentence)
        {
            ClusterId = cluster ?? Guid.Empty,
            Incarnation = (uint)incarnation,
            Node = (int)node,
            MaxInFlight = (int)inFlight,
            MaxRequest = (int)request,
        };
    }

    private static byte[] Wrap(ReadOnlySpan<byte> body)
    {
        var size = PrefixSize + body.Length + ChecksumSize;
        Invariant.Check(size <= LargestSize, "a greeting's texts are short");
        var bytes = new byte[size];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(8), CurrentVersion);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), (ushort)size);
        body.CopyTo(bytes.AsSpan(PrefixSize));
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(size - ChecksumSize), Crc32C.Of(bytes.AsSpan(0, size - ChecksumSize)));
        return bytes;
    }

    /// <summary>The body, or nothing where the greeting is damaged or of another version.</summary>
    private static ReadOnlySpan<byte> BodyOf(ReadOnlySpan<byte> source)
    {
        if (!TryReadPrefix(source, out var version, out var size) || version != CurrentVersion || size != source.Length)
            return default;
        return BinaryPrimitives.ReadUInt32LittleEndian(source[^ChecksumSize..]) == Crc32C.Of(source[..^ChecksumSize]) ? source[PrefixSize..^ChecksumSize] : default;
    }

    private static void WriteCluster(MessagePackWriter writer, Guid? cluster)
    {
        if (cluster is not { } id || id == Guid.Empty)
        {
            writer.WriteNil();
            return;
        }

        Span<byte> bytes = stackalloc byte[GuidSize];
        id.TryWriteBytes(bytes, bigEndian: true, out _);
        writer.WriteBinary(bytes);
    }

    private static bool TryReadCluster(ref MessagePackReader reader, out Guid? cluster)
    {
        cluster = null;
        if (reader.TryReadNil())
            return true;
        if (!reader.TryReadBinary(out var bytes) || bytes.Length != GuidSize)
            return false;
        cluster = new(bytes, bigEndian: true);
        return true;
    }
}
