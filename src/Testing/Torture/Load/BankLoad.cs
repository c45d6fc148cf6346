namespace RaftStream.Testing;

/// <summary>
/// Banks: four accounts packed into one number, and transfers between them by compare-and-set. Whatever happens, the accounts of a read have the same
/// total.
/// </summary>
internal sealed class BankLoad : ILoad
{
    /// <summary>The workload's name.</summary>
    public const string LoadName = "bank";

    /// <summary>Accounts of a bank.</summary>
    public const int Accounts = 4;

    /// <summary>What all accounts have together.</summary>
    public const long Total = Accounts * FirstBalance;

    private const int Bits = 12;
    private const long FirstBalance = 100;
    private const int MostMoved = 20;

    private readonly WorkKeys<Numbers> _keys = new(LoadName, static () => new());

    /// <inheritdoc/>
    public string Name => LoadName;

    /// <inheritdoc/>
    public LoadObject Object => LoadObject.Register;

    /// <inheritdoc/>
    public IReadOnlyList<string> Keys => _keys.Names;

    /// <summary>The balances in a value.</summary>
    public static long[] Unpack(long value)
    {
        var balances = new long[Accounts];
        for (var account = 0; account < Accounts; account++)
            balances[account] = (value >> (account * Bits)) & ((1 << Bits) - 1);

        // What stands above the last field belongs to it, so that no bit is overlooked.
        balances[^1] = value >> ((Accounts - 1) * Bits);
        return balances;
    }

    /// <summary>The value of these balances.</summary>
    public static long Pack(ReadOnlySpan<long> balances)
    {
        var value = 0L;
        for (var account = Accounts - 1; account >= 0; account--)
            value = (value << Bits) + balances[account];
        return value;
    }

    /// <inheritdoc/>
    public async Task StepAsync(LoadClient client)
    {
        var key = _keys.Of(client.Group);
        var read = await client.CallAsync(this, new(key.Name, OperationFunction.Read));
        _keys.Ended(client.Group, key, read.Kind);
        if (read.Kind != AnswerKind.Ok || client.Random.Chance(0.3))
            return;
        var old = read.Result!.Value;
        var next = old.Kind == HistoryValueKind.Number ? Moved(client.Random, old.Number) : Opened();
        var change = await client.CallAsync(this, new(key.Name, OperationFunction.CompareAndSet, HistoryValue.List(old, next)));
        _keys.Ended(client.Group, key, change.Kind);
    }

    /// <inheritdoc/>
    public Task SettleAsync(LoadClient client, CancellationToken end) => Task.CompletedTask;

    private static long Opened()
    {
        Span<long> balances = stackalloc long[Accounts];
        balances.Fill(FirstBalance);
        return Pack(balances);
    }

    private static long Moved(SimRandom random, long value)
    {
        var balances = Unpack(value);
        var from = Array.IndexOf(balances, balances.Max());
        var to = (from + 1 + random.Below(Accounts - 1)) % Accounts;
        var amount = Math.Min(balances[from], 1 + random.Below(MostMoved));
        balances[from] -= amount;
        balances[to] += amount;
        return Pack(balances);
    }
}
