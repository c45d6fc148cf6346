using System.Buffers;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// Inputs that go over one connection in one piece. Either it ends with a question whose answer is known, so that the answer proves that the node has read all inputs before it; or its last input
/// breaks the bounds between messages, and nothing is sent behind it.
/// </summary>
internal sealed class InputBatch
{
    /// <summary>All bytes, the question included.</summary>
    public ArrayBufferWriter<byte> Bytes { get; } = new(64 * 1024);

    /// <summary>How many inputs are in it; the question is none.</summary>
    public int Inputs { get; private set; }

    /// <summary>What the answer to the question has in it; null: the last input breaks the bounds.</summary>
    public byte[]? End { get; set; }

    /// <summary>Whether the last input breaks the bounds, so that no more can follow.</summary>
    public bool IsBroken { get; private set; }

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Bytes.ResetWrittenCount();
        (Inputs, End, IsBroken) = (0, null, false);
    }

    /// <summary>Adds bytes that are no input.</summary>
    public void Add(ReadOnlySpan<byte> bytes) => Bytes.Write(bytes);

    /// <summary>The bytes that were added since the last call are one input, behind which others may stand.</summary>
    public void Counted() => Inputs++;

    /// <summary>Adds an input that may be anything.</summary>
    public void AddBroken(ReadOnlySpan<byte> bytes)
    {
        Bytes.Write(bytes);
        Inputs++;
        IsBroken = true;
    }
}

/// <summary>Makes the inputs of one port. Owned by one sender.</summary>
internal interface IInputForge
{
    /// <summary>Adds what a new connection begins with.</summary>
    void Open(InputBatch batch);

    /// <summary>Adds inputs behind which others may stand, then the question or an input that breaks the bounds.</summary>
    void Fill(InputBatch batch);
}
