using System.Diagnostics.CodeAnalysis;
using RaftStream.Raft.Wire;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Frames from peers on their way to the consensus agent, bounded in number by the queue and in bytes by the budget that the transport
/// takes from before it allocates: what the agent takes out of the queue goes back to it.
/// </summary>
internal sealed class FrameQueue(Parker consensus) : IFrameSink
{
    private readonly BoundedQueue<PeerInput> _queue = new(ReceiveBudget.MaxFrames, consensus);

    /// <summary>What the transport takes from.</summary>
    public ReceiveBudget Budget { get; } = new();

    /// <summary>About how many frames wait.</summary>
    public int Count => _queue.Count;

    /// <inheritdoc/>
    public bool TryDeliver(NodeId peer, byte[] frame) => _queue.TryEnqueue(new(peer, frame, frame.Length));

    /// <summary>Adds a frame that was made in this process and not taken from the budget. False: the queue is full.</summary>
    public bool TryEnqueue(in PeerInput input) => _queue.TryEnqueue(input);

    /// <summary>Takes the oldest frame. False: there is none. By the consensus agent only.</summary>
    public bool TryDequeue([MaybeNullWhen(false)] out PeerInput input)
    {
        if (!_queue.TryDequeue(out input))
            return false;
        if (input.Taken > 0)
            Budget.Return(input.From, input.Taken);
        return true;
    }
}
