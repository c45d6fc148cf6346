using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using RaftStream.Raft.Log;

namespace RaftStream.Raft.Wire;

/// <summary>Why a handshake failed. The numbers are part of the protocol: the refusing side tells them to the refused one.</summary>
internal enum HandshakeRefusal : byte
{
    /// <summary>It did not fail.</summary>
    None = 0,

    /// <summary>The two nodes have different cluster ids.</summary>
    OtherCluster = 1,

    /// <summary>The two nodes hold different incarnations of the cluster.</summary>
    OtherIncarnation = 2,

    /// <summary>The greeting was meant for another node, or another node than the dialled one answered.</summary>
    WrongTarget = 3,

    /// <summary>The sender is no member, and no place is free for another node that is none.</summary>
    TooManyGuests = 4,

    /// <summary>The sender says that it is this very node.</summary>
    OwnId = 5,

    /// <summary>The versions differ.</summary>
    UnsupportedVersion = 6,

    /// <summary>The bytes are no greeting, or a damaged one.</summary>
    Garbage = 7,

    /// <summary>The greeting was not complete in time. Never sent.</summary>
    TimedOut = 8,

    /// <summary>The sender's certificate does not name the node that it says it is.</summary>
    OtherName = 9,

    /// <summary>The receiver takes only TLS, and the greeting came without. Sent without TLS, too.</summary>
    TlsRequired = 10,

    /// <summary>TLS came to a node that has none. Never sent.</summary>
    TlsUnexpected = 11,

    /// <summary>TLS could not be set up: a certificate is missing or not trusted, or the two sides agree on no cipher. Never sent.</summary>
    TlsFailed = 12,
}

/// <summary>What a node says of itself on every connection.</summary>
/// <param name="ClusterId">Which cluster.</param>
/// <param name="ClusterIncarnation">Which life of the cluster: counts recoveries that forgot the past; zero today.</param>
/// <param name="Node">This node.</param>
/// <param name="ProcessIncarnation">A random number of this process start.</param>
/// <param name="ClientAddress">Where clients reach this node, or empty.</param>
/// <param name="PeerAddress">Where its peers dial this node, host:port, or empty.</param>
internal sealed record HandshakeIdentity(
    Guid ClusterId, ulong ClusterIncarnation, NodeId Node, ulong ProcessIncarnation, string ClientAddress, string PeerAddress);

/// <summary>
/// The first thing that goes either way on a connection: the dialling node's greeting, then the accepting node's answer in the same
/// form. Little-endian, 60 to 570 bytes:
/// <code>
///  0  magic                8 bytes   "RAFTSTRM"
///  8  version              u16       2
/// 10  length               u16       of the whole greeting, 60 to 570
/// 12  lane                 u8        0 control, 1 bulk, 2 snapshot
/// 13  refusal              u8        zero in a greeting and in an accepting answer, else why the connection is refused
/// 14  client length        u8        of the client address
/// 15  peer length          u8        of the peer address
/// 16  cluster id           16 bytes  in the order in which it is written as text (RFC 9562)
/// 32  cluster incarnation  u64
/// 40  process incarnation  u64
/// 48  from                 u32       node id
/// 52  to                   u32       node id
/// 56  client address       UTF-8, up to 255 bytes, no control characters
///  .. peer address         the same: host:port, where its peers dial the sender
///  -4 CRC32C               u32       of everything before it
/// </code>
/// The first 12 bytes stay as they are in every future version, so that any two versions can tell each other that they differ.
/// A refusing answer names its node and version, and no cluster: it may go to a stranger.
/// </summary>
internal readonly record struct Handshake(
    ushort Version,
    Lane Lane,
    HandshakeRefusal Refusal,
    Guid ClusterId,
    ulong ClusterIncarnation,
    ulong ProcessIncarnation,
    NodeId From,
    NodeId To,
    string ClientAddress,
    string PeerAddress)
{
    /// <summary>The version of the protocol that this program speaks.</summary>
    public const ushort CurrentVersion = 3;

    /// <summary>Bytes that are the same in every version: magic, version, length.</summary>
    public const int PrefixSize = 12;

    /// <summary>The size without addresses.</summary>
    public const int LeastSize = 60;

    /// <summary>The largest address, in bytes of UTF-8.</summary>
    public const int MaxAddress = 255;

    /// <summary>The largest size in this version.</summary>
    public const int LargestSize = LeastSize + (2 * MaxAddress);

    /// <summary>The largest size that is read from another version, before it is told that the versions differ.</summary>
    public const int LargestForeignSize = 1024;

    /// <summary>The first byte of a greeting.</summary>
    public const byte FirstByte = (byte)'R';

    private const int AddressOffset = 56;

    private static ReadOnlySpan<byte> Magic => "RAFTSTRM"u8;

    /// <summary>The greeting with which a node dials another.</summary>
    public static Handshake Greeting(HandshakeIdentity own, NodeId peer, Lane lane) => new(
        CurrentVersion, lane, HandshakeRefusal.None, own.ClusterId, own.ClusterIncarnation, own.ProcessIncarnation, own.Node, peer, own.ClientAddress, own.PeerAddress);

    /// <summary>The answer that refuses a greeting.</summary>
    public static Handshake Refusing(HandshakeIdentity own, NodeId peer, Lane lane, HandshakeRefusal refusal) => new(
        CurrentVersion, lane, refusal, Guid.Empty, 0, 0, own.Node, peer, "", "");

    /// <summary>Whether that address can be told to peers.</summary>
    public static bool IsAddress(string address) =>
        Encoding.UTF8.GetByteCount(address) <= MaxAddress && !address.Any(char.IsControl);

    /// <summary>Writes the greeting and returns its size; <paramref name="destination"/> holds <see cref="LargestSize"/>.</summary>
    public int Write(Span<byte> destination)
    {
        Invariant.Check(IsAddress(ClientAddress) && IsAddress(PeerAddress), "addresses were checked at the start");
        var client = Encoding.UTF8.GetBytes(ClientAddress, destination[AddressOffset..]);
        var peer = Encoding.UTF8.GetBytes(PeerAddress, destination[(AddressOffset + client)..]);
        var size = LeastSize + client + peer;
        Magic.CopyTo(destination);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[8..], Version);
        BinaryPrimitives.WriteUInt16LittleEndian(destination[10..], (ushort)size);
        destination[12] = (byte)Lane;
        destination[13] = (byte)Refusal;
        destination[14] = (byte)client;
        destination[15] = (byte)peer;
        ClusterId.TryWriteBytes(destination[16..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[32..], ClusterIncarnation);
        BinaryPrimitives.WriteUInt64LittleEndian(destination[40..], ProcessIncarnation);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[48..], (uint)From.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[52..], (uint)To.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(destination[(size - 4)..], Crc32C.Of(destination[..(size - 4)]));
        return size;
    }

    /// <summary>Reads the part that is the same in every version. False: this is no greeting of any version.</summary>
    public static bool TryReadPrefix(ReadOnlySpan<byte> prefix, out ushort version, out int size)
    {
        version = 0;
        size = 0;
        if (prefix.Length < PrefixSize || !prefix[..Magic.Length].SequenceEqual(Magic))
            return false;
        version = BinaryPrimitives.ReadUInt16LittleEndian(prefix[8..]);
        size = BinaryPrimitives.ReadUInt16LittleEndian(prefix[10..]);
        return size is >= PrefixSize and <= LargestForeignSize;
    }

    /// <summary>Reads a greeting of this version. False: damaged or out of range; nothing is thrown for any bytes.</summary>
    public static bool TryRead(ReadOnlySpan<byte> source, out Handshake greeting)
    {
        greeting = default;
        if (source.Length is < LeastSize or > LargestSize || !TryReadPrefix(source, out var version, out var size) || size != source.Length)
            return false;
        if (version != CurrentVersion || BinaryPrimitives.ReadUInt32LittleEndian(source[^4..]) != Crc32C.Of(source[..^4]))
            return false;
        var from = BinaryPrimitives.ReadUInt32LittleEndian(source[48..]);
        var to = BinaryPrimitives.ReadUInt32LittleEndian(source[52..]);
        if (source[12] >= Frame.Lanes || from > NodeId.MaxValue || to > NodeId.MaxValue || source.Length != LeastSize + source[14] + source[15])
            return false;
        if (!TryReadAddress(source.Slice(AddressOffset, source[14]), out var client) || !TryReadAddress(source.Slice(AddressOffset + source[14], source[15]), out var peer))
            return false;
        greeting = new(
            version,
            (Lane)source[12],
            (HandshakeRefusal)source[13],
            new(source.Slice(16, 16), bigEndian: true),
            BinaryPrimitives.ReadUInt64LittleEndian(source[32..]),
            BinaryPrimitives.ReadUInt64LittleEndian(source[40..]),
            new((int)from),
            new((int)to),
            client,
            peer);
        return true;
    }

    /// <summary>
    /// Judges what another node said; <paramref name="isNamed"/> tells whether its certificate names <see cref="From"/>, true without
    /// TLS. The cluster comes first: ids of nodes mean nothing across clusters, and "wrong node" would send an operator looking in the
    /// wrong place.
    /// </summary>
    public HandshakeRefusal Judge(HandshakeIdentity own, bool isNamed)
    {
        if (ClusterId != own.ClusterId)
            return HandshakeRefusal.OtherCluster;
        if (ClusterIncarnation != own.ClusterIncarnation)
            return HandshakeRefusal.OtherIncarnation;
        if (!isNamed)
            return HandshakeRefusal.OtherName;
        if (From == own.Node)
            return HandshakeRefusal.OwnId;
        return To == own.Node && From != NodeId.None ? HandshakeRefusal.None : HandshakeRefusal.WrongTarget;
    }

    /// <summary>A refusal as the end of a sentence, with how to mend it; true for either side.</summary>
    public static string Describe(HandshakeRefusal refusal) => refusal switch
    {
        HandshakeRefusal.None => "it was accepted",
        HandshakeRefusal.OtherCluster => "the two nodes belong to different clusters (compare the cluster ids in their configurations)",
        HandshakeRefusal.OtherIncarnation => "one of the nodes holds data from before the cluster was recovered (wipe its data folder and let it join again)",
        HandshakeRefusal.WrongTarget => "the address belongs to a node with another id (correct it in the list of members)",
        HandshakeRefusal.TooManyGuests => "the dialling node is not in the other node's list of members, and too many nodes that are in none dial it already (compare the two lists, and stop nodes that were removed)",
        HandshakeRefusal.OwnId => "both ends say that they are the same node (an address points back to its own node, or two nodes run under one id)",
        HandshakeRefusal.UnsupportedVersion => "the two nodes speak different versions of the protocol (run the same release on both)",
        HandshakeRefusal.Garbage => "what arrived is no greeting of a RaftStream node (another program uses this port, or the bytes were damaged)",
        HandshakeRefusal.TimedOut => "the handshake was not complete in time",
        HandshakeRefusal.OtherName => "the certificate of one node does not name it (its subject alternative names must have node-<id>)",
        HandshakeRefusal.TlsRequired => "one of the nodes takes only TLS and the other speaks without (give both nodes certificates, or neither)",
        HandshakeRefusal.TlsUnexpected => "the dialling node speaks TLS and the dialled one has no certificates (give both nodes certificates, or neither)",
        HandshakeRefusal.TlsFailed => "no TLS connection could be set up",
        _ => "it gave a reason that this release does not know (run the same release on both nodes)",
    };

    private static bool TryReadAddress(ReadOnlySpan<byte> source, out string address)
    {
        var isText = Utf8.IsValid(source);
        address = isText ? Encoding.UTF8.GetString(source) : "";
        return isText && IsAddress(address);
    }
}
