using System.Numerics;

namespace RaftStream.Testing;

/// <summary>
/// Counts durations in buckets of at most 1/64 of their size apart: a percentile is exact to under 2 %, from one microsecond to hours,
/// in 16 KiB however long the run is. Threads may record at the same time; reading is for when they have ended.
/// </summary>
internal sealed class LatencyHistogram
{
    // Values below 2^6 have a bucket each; above, every power of two is cut into 64.
    private const int SubBits = 6;
    private const int SubBuckets = 1 << SubBits;
    private const int Powers = 32;
    private readonly long[] _counts = new long[SubBuckets * Powers];
    private long _total;

    /// <summary>How many durations were recorded.</summary>
    public long Count => Interlocked.Read(ref _total);

    /// <summary>Records a duration.</summary>
    public void Record(TimeSpan duration)
    {
        var microseconds = Math.Max(0, duration.Ticks / TimeSpan.TicksPerMicrosecond);
        Interlocked.Increment(ref _counts[Math.Min(Bucket(microseconds), _counts.Length - 1)]);
        Interlocked.Increment(ref _total);
    }

    /// <summary>
    /// The duration, in milliseconds, that the given share (0 to 1) of all recorded ones does not exceed: the upper end of its bucket.
    /// Zero if there are none.
    /// </summary>
    public double Percentile(double share)
    {
        var rank = (long)Math.Ceiling(Count * share);
        if (rank == 0)
            return 0;
        var seen = 0L;
        for (var bucket = 0; bucket < _counts.Length; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= rank)
                return (LowerEnd(bucket + 1) - 1) / 1_000.0;
        }

        return LowerEnd(_counts.Length) / 1_000.0;
    }

    private static int Bucket(long value)
    {
        if (value < SubBuckets)
            return (int)value;
        var shift = BitOperations.Log2((ulong)value) - SubBits;
        return (int)(((shift + 1) * SubBuckets) + ((value >> shift) - SubBuckets));
    }

    private static long LowerEnd(int bucket)
    {
        if (bucket < SubBuckets)
            return bucket;
        var shift = (bucket / SubBuckets) - 1;
        return (long)(SubBuckets + (bucket % SubBuckets)) << shift;
    }
}
