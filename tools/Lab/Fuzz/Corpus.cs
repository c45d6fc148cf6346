using RaftStream.Raft.Core;
using RaftStream.Raft.Wire;

namespace RaftStream.Lab.Fuzz;

/// <summary>
/// Good frames to mutate and to repeat: the last few hundred that the node itself sent, so that they speak of the terms and places that the
/// node is in, and the last that the fuzzer made. Any thread.
/// </summary>
internal sealed class Corpus
{
    private const int Size = 512;
    private const int KeptOneIn = 8;

    private readonly byte[]?[] _frames = new byte[Size][];
    private readonly byte[]?[] _questions = new byte[Size / 8][];
    private long _recorded;
    private long _next;
    private long _nextQuestion;

    /// <summary>Frames that the node sent.</summary>
    public long Recorded => Interlocked.Read(ref _recorded);

    /// <summary>The node sent this frame.</summary>
    public void Record(byte[] frame)
    {
        if (Interlocked.Increment(ref _recorded) % KeptOneIn == 0)
            Keep(frame);
        if (frame[0] != (byte)PeerFrameType.Message || (MessageKind)frame[Frame.HeadSize] is not (MessageKind.PreVote or MessageKind.Vote or MessageKind.Append))
            return;
        var place = Interlocked.Increment(ref _nextQuestion) - 1;
        Volatile.Write(ref _questions[place % _questions.Length], frame);
    }

    /// <summary>The fuzzer made this one, and it is a good one.</summary>
    public void Keep(byte[] frame)
    {
        var place = Interlocked.Increment(ref _next) - 1;
        Volatile.Write(ref _frames[place % Size], frame);
    }

    /// <summary>One of the frames kept, or null while there is none.</summary>
    public byte[]? Any(Random random) => Volatile.Read(ref _frames[random.Next(Size)]) ?? Volatile.Read(ref _frames[0]);

    /// <summary>One of the newest frames of the node that ask for an answer, or null while there is none.</summary>
    public byte[]? Question(Random random)
    {
        var newest = Interlocked.Read(ref _nextQuestion);
        return newest == 0 ? null : Volatile.Read(ref _questions[Math.Max(0, newest - 1 - random.Next(16)) % _questions.Length]);
    }
}
