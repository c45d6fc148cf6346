namespace RaftStream.StreamStateMachine;

/// <summary>One file of a sink, as the state knows it.</summary>
/// <param name="Generation">Its number: 1 for the first, and one more for each that follows.</param>
/// <param name="Length">Its bytes.</param>
/// <param name="Crc">CRC-32C of these.</param>
internal readonly record struct SinkFile(long Generation, long Length, uint Crc);

/// <summary>Where a file sink stands.</summary>
/// <param name="Next">The sequence of its next line: 1 for the first.</param>
/// <param name="Total">The bytes of all lines so far, in whatever file. It only grows, so it is a place in all that was ever written.</param>
/// <param name="File">The file that is written.</param>
internal readonly record struct SinkEnd(long Next, long Total, SinkFile File)
{
    /// <summary>Nothing was written.</summary>
    public static SinkEnd Start => new(1, 0, new(1, 0, 0));
}
