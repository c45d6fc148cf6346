using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// Which links are cut: 64 bits, one for each direction of each pair, so that one-way cuts and bridges are drawn as well. A cut link loses what is said, or
/// holds it up until it is mended.
/// </summary>
internal sealed class RandomLinks(Func<ulong> next)
{
    private ulong _cut;
    private bool _holds;

    public void Heal() => _cut = 0;

    /// <summary>Cuts the leader off, one way or both, or another node, or any links; most other numbers mend everything.</summary>
    public void Cut(int what, NodeId leader, NodeId other)
    {
        _holds = next() % 2 == 0;
        _cut = what switch
        {
            0 or 1 or 2 => Into(leader),
            3 => Into(leader) | OutOf(leader),
            4 or 5 => Into(other) | OutOf(other),
            6 or 7 => next() & next(),
            _ => 0,
        };
    }

    /// <summary>Whether the message waits for its link.</summary>
    public bool Holds(in Message message) => _holds && IsCut(message);

    /// <summary>Whether the message is lost with its link.</summary>
    public bool Lose(in Message message) => IsCut(message);

    private static ulong OutOf(NodeId node) => 0xFFUL << (node.Value * 8);

    private static ulong Into(NodeId node) => 0x0101_0101_0101_0101UL << node.Value;

    private bool IsCut(in Message message) => (_cut >> ((message.From.Value * 8) + message.To.Value) & 1) != 0;
}
