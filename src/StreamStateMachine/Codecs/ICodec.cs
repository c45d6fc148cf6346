using System.Buffers;
using System.Text.Json;

namespace RaftStream.StreamStateMachine;

/// <summary>
/// How values of a type become bytes in the log, in state and in snapshots. Equal values must give equal bytes, on every machine and in every
/// release that shares a log: replicas are compared by them.
/// </summary>
/// <typeparam name="T">What is written.</typeparam>
public interface ICodec<T>
{
    /// <summary>A name for the layout, 1 to 200 characters. Part of the topology's fingerprint: change it whenever the bytes change.</summary>
    string Name { get; }

    /// <summary>Writes a value, 1 MiB at the most.</summary>
    void Write(IBufferWriter<byte> output, T value);

    /// <summary>Reads what <see cref="Write"/> wrote; the span holds exactly that.</summary>
    /// <exception cref="InvalidDataException">The bytes are none that <see cref="Write"/> makes.</exception>
    T Read(ReadOnlySpan<byte> source);

    /// <summary>Writes a value for people and programs that ask over HTTP, as exactly one JSON value.</summary>
    void WriteJson(Utf8JsonWriter output, T value);
}
