namespace RaftStream.Lab.Cap;

/// <summary>
/// The counter that all read: one client on the larger side adds to it all the time, and notes when what was acknowledged. So it can be said of each read what it
/// lacked. Thread-safe.
/// </summary>
internal sealed class CapTicks
{
    /// <summary>The counter's key.</summary>
    public const string Key = "cap/tick";

    private readonly Lock _lock = new();
    private readonly List<(long Value, TimeSpan At)> _acknowledged = [];

    /// <summary>The counter had this value when an add was acknowledged.</summary>
    public void Acknowledged(long value, TimeSpan at)
    {
        lock (_lock)
            _acknowledged.Add((value, at));
    }

    /// <summary>How long before a read began the first add that it does not show was acknowledged; null if it lacks none of those.</summary>
    public TimeSpan? Lacked(long value, TimeSpan began)
    {
        lock (_lock)
        {
            // Values and times rise together: one client adds, one after another.
            var (low, high) = (0, _acknowledged.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                if (_acknowledged[middle].Value <= value)
                    low = middle + 1;
                else
                    high = middle;
            }

            return low < _acknowledged.Count && _acknowledged[low].At < began ? began - _acknowledged[low].At : null;
        }
    }
}
