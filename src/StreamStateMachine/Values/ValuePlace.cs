namespace RaftStream.StreamStateMachine;

/// <summary>Where the bytes of a value are in a <see cref="ValueHeap"/>, in the 64 bits that an entry has for a number.</summary>
/// <param name="Packed">{page, 28 bits; where its record starts in it, 18; length, 17}.</param>
internal readonly record struct ValuePlace(long Packed)
{
    /// <summary>What stands in front of the bytes in their record.</summary>
    public const int HeadBytes = 8;

    private const int LengthBits = 17;
    private const int OffsetBits = 18;

    /// <summary>The place of so many bytes.</summary>
    public ValuePlace(int page, int record, int length)
        : this(((long)page << (OffsetBits + LengthBits)) | ((long)record << LengthBits) | (uint)length)
    {
    }

    /// <summary>The number of the page.</summary>
    public int Page => (int)(Packed >> (OffsetBits + LengthBits));

    /// <summary>Where the record starts in it.</summary>
    public int Record => (int)(Packed >> LengthBits) & ((1 << OffsetBits) - 1);

    /// <summary>Where the bytes start: of an empty value that is perhaps the page's end.</summary>
    public int Offset => Record + HeadBytes;

    /// <summary>How many they are: 0 to 65,536.</summary>
    public int Length => (int)Packed & ((1 << LengthBits) - 1);
}
