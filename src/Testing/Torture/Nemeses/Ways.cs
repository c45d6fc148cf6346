namespace RaftStream.Testing;

/// <summary>
/// The state of all ways between nodes and clients as the troubles in force make it together: each adds what it wants, and takes away its own alone.
/// Used by one caller at a time.
/// </summary>
internal sealed class Ways(IClusterDriver driver)
{
    private readonly List<IReadOnlyDictionary<Link, LinkFault>> _inForce = [];
    private readonly Dictionary<Link, LinkFault> _set = [];

    /// <summary>Adds a trouble.</summary>
    public Task AddAsync(IReadOnlyDictionary<Link, LinkFault> trouble)
    {
        _inForce.Add(trouble);
        return SetAsync(trouble.Keys);
    }

    /// <summary>Takes a trouble away that was added.</summary>
    public Task RemoveAsync(IReadOnlyDictionary<Link, LinkFault> trouble)
    {
        _inForce.Remove(trouble);
        return SetAsync(trouble.Keys);
    }

    /// <summary>Mends everything.</summary>
    public async Task HealAsync()
    {
        _inForce.Clear();
        await SetAsync([.. _set.Keys]);
    }

    private async Task SetAsync(IEnumerable<Link> links)
    {
        foreach (var link in links)
        {
            var state = LinkFault.None;
            foreach (var trouble in _inForce)
            {
                if (trouble.TryGetValue(link, out var more))
                    state = Together(state, more);
            }

            if (_set.GetValueOrDefault(link, LinkFault.None) == state)
                continue;
            _set[link] = state;
            await driver.SetLinkAsync(link, state);
        }
    }

    private static LinkFault Together(LinkFault one, LinkFault other) => new()
    {
        Drops = one.Drops || other.Drops,
        Delay = one.Delay + other.Delay,
        Jitter = one.Jitter + other.Jitter,
        Loss = Math.Max(one.Loss, other.Loss),
        BytesPerSecond = one.BytesPerSecond == 0 ? other.BytesPerSecond : other.BytesPerSecond == 0 ? one.BytesPerSecond : Math.Min(one.BytesPerSecond, other.BytesPerSecond),
        Corruption = Math.Max(one.Corruption, other.Corruption),
        Reset = Math.Max(one.Reset, other.Reset),
    };
}
