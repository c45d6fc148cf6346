using System.Runtime.CompilerServices;

namespace RaftStream.Raft.Core;

/// <summary>Folds a state into 64 bits, so that an explorer can tell whether it has been there before.</summary>
internal struct Fingerprint
{
    private ulong _hash;

    /// <summary>The fingerprint of what was added so far.</summary>
    public readonly ulong Value => _hash;

    /// <summary>Adds one value; order counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(long value)
    {
        var high = Math.BigMul(_hash ^ 0xA076_1D64_78BD_642F, (ulong)value ^ 0xE703_7ED1_A0B4_28DB, out var low);
        _hash = high ^ low ^ (_hash * 0x9E37_79B9_7F4A_7C15);
    }

    /// <summary>Adds a position.</summary>
    public void Add(LogPosition position)
    {
        Add(position.Index.Value);
        Add(position.Term.Value);
    }
}
