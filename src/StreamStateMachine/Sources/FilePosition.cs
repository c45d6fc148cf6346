using System.Buffers;
using RaftStream.Raft.Wire;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// A position in a file as MessagePack: [offset, line, SHA-256 of the file's first bytes, SHA-256 of all bytes before the offset, state].
/// The file's name is no part of it, so that a renamed file is found by its content.
/// </summary>
/// <param name="Offset">Bytes before it, 1 or more.</param>
/// <param name="Line">Line ends before it, 0 or more.</param>
/// <param name="HeadSha256">SHA-256 of the file's first bytes: as many as are before the offset, 4,096 at the most. Tells most other files apart without reading all of them.</param>
/// <param name="PrefixSha256">SHA-256 of all bytes before the offset.</param>
/// <param name="State">What the records before it say about those behind it, 0 to 100 bytes.</param>
internal sealed record FilePosition(long Offset, long Line, byte[] HeadSha256, byte[] PrefixSha256, byte[] State)
{
    /// <summary>The most bytes of the state: so that a position stays below the limit.</summary>
    public const int MaxStateBytes = 100;

    private const int Fields = 5;

    /// <summary>Reads a position that a file source gave out.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    public static FilePosition Read(SourcePosition position)
    {
        var reader = new MessagePackReader(position.Bytes.Span);
        if (reader.TryReadArrayHeader(out var count) && count == Fields
            && reader.TryReadInt64(out var offset) && offset >= 1
            && reader.TryReadInt64(out var line) && line >= 0
            && reader.TryReadBinary(out var head) && head.Length == StoreLimits.Sha256Bytes
            && reader.TryReadBinary(out var prefix) && prefix.Length == StoreLimits.Sha256Bytes
            && reader.TryReadBinary(out var state) && state.Length <= MaxStateBytes
            && reader.Remaining == 0)
            return new(offset, line, head.ToArray(), prefix.ToArray(), state.ToArray());
        throw new ArgumentException($"The position {position} is none of a file: give one that this source gave out, or the start.", nameof(position));
    }

    /// <summary>As the position that goes into the log.</summary>
    public SourcePosition Write()
    {
        var buffer = new ArrayBufferWriter<byte>(SourcePosition.MaxBytes);
        var writer = new MessagePackWriter(buffer);
        writer.WriteArrayHeader(Fields);
        writer.Write(Offset);
        writer.Write(Line);
        writer.WriteBinary(HeadSha256);
        writer.WriteBinary(PrefixSha256);
        writer.WriteBinary(State);
        return new(buffer.WrittenSpan);
    }
}
