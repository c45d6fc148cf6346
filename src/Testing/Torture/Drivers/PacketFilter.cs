using System.Globalization;
using System.Net;

namespace RaftStream.Testing;

/// <summary>
/// Drops packets with <c>iptables</c> in the nodes' own network namespaces, so that it is the kernel's TCP that suffers. What goes to a node is dropped where it
/// arrives, what goes to the clients where it leaves. Owned by a driver; calls wait for each other.
/// </summary>
internal sealed class PacketFilter : IDisposable
{
    /// <summary>What it can do.</summary>
    public const LinkFaults Abilities = LinkFaults.Drop | LinkFaults.Loss;

    private const int PacketsColumn = 0;
    private const int TargetColumn = 2;
    private const int SourceColumn = 7;
    private const int DestinationColumn = 8;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly Dictionary<Link, IReadOnlyList<string>> _rules = [];
    private readonly Func<int, IReadOnlyList<string>> _inside;
    private readonly Func<int, IPAddress> _addressOf;
    private long _before;

    /// <summary>A filter that lets everything pass.</summary>
    /// <param name="inside">The words that run a command in a node's network namespace.</param>
    /// <param name="addressOf">The address of a node, or of the clients.</param>
    public PacketFilter(Func<int, IReadOnlyList<string>> inside, Func<int, IPAddress> addressOf)
    {
        _inside = inside;
        _addressOf = addressOf;
    }

    /// <summary>Puts a way in a state.</summary>
    /// <exception cref="NotSupportedException">Packets cannot be filtered like that.</exception>
    /// <exception cref="InvalidOperationException">The command failed.</exception>
    public async Task SetAsync(Link link, LinkFault fault)
    {
        var rule = RuleOf(link, fault);
        await _turn.WaitAsync();
        try
        {
            if (_rules.TryGetValue(link, out var old))
            {
                // What it has counted goes with it.
                _before += Count(await ListAsync(link), link);
                await DoAsync(link, ["-D", ChainOf(link), .. old]);
                _rules.Remove(link);
            }
            if (rule is null)
                return;
            await DoAsync(link, ["-I", ChainOf(link), .. rule]);
            _rules.Add(link, rule);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>How many packets were dropped.</summary>
    /// <exception cref="InvalidOperationException">The command failed.</exception>
    public async Task<long> TouchedAsync()
    {
        await _turn.WaitAsync();
        try
        {
            var total = _before;
            foreach (var place in _rules.Keys.GroupBy(static link => (Node: Place(link), Chain: ChainOf(link))))
            {
                var list = await ListAsync(place.First());
                total += place.Sum(link => Count(list, link));
            }
            return total;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _turn.Dispose();

    /// <summary>In whose namespace a way is cut.</summary>
    private static int Place(Link link) => link.To == Link.Clients ? link.From : link.To;

    private static string ChainOf(Link link) => link.To == Link.Clients ? "OUTPUT" : "INPUT";

    /// <summary>Null for none.</summary>
    private IReadOnlyList<string>? RuleOf(Link link, LinkFault fault)
    {
        if (fault with { Drops = false, Loss = 0 } != LinkFault.None)
            throw new NotSupportedException("Packets between network namespaces can be dropped, all or a share, and nothing else: use the process driver for other faults.");
        if (!fault.Drops && fault.Loss <= 0)
            return null;
        List<string> rule = link.To == Link.Clients ? ["-d", $"{_addressOf(Link.Clients)}"] : ["-s", $"{_addressOf(link.From)}"];
        if (!fault.Drops && fault.Loss < 1)
            rule.AddRange(["-m", "statistic", "--mode", "random", "--probability", fault.Loss.ToString("0.######", CultureInfo.InvariantCulture)]);
        return [.. rule, "-j", "DROP"];
    }

    private Task<string> ListAsync(Link link) => DoAsync(link, ["-nvxL", ChainOf(link)]);

    private Task<string> DoAsync(Link link, IReadOnlyList<string> words) => SystemCommand.DoAsync([.. _inside(Place(link)), "iptables", "-w", .. words]);

    private long Count(string list, Link link)
    {
        var (column, address) = link.To == Link.Clients ? (DestinationColumn, _addressOf(Link.Clients)) : (SourceColumn, _addressOf(link.From));
        return list.Split('\n')
            .Select(static line => line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words.Length > DestinationColumn && words[TargetColumn] == "DROP" && words[column] == address.ToString())
            .Sum(static words => long.Parse(words[PacketsColumn], CultureInfo.InvariantCulture));
    }
}
