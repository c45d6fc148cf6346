using System.Diagnostics;

namespace RaftStream.Testing;

internal sealed class RunClock
{
    private readonly long _start = Stopwatch.GetTimestamp();

    public long Now => (long)Stopwatch.GetElapsedTime(_start).TotalNanoseconds;
}
