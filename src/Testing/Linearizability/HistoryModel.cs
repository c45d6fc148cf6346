namespace RaftStream.Testing;

/// <summary>The sequential object that a history is held against.</summary>
public enum HistoryModel
{
    /// <summary>One value, at first null: read, write, compare-and-set (its argument is the list of old and new).</summary>
    Register = 0,

    /// <summary>A sum of 64 bits, at first 0: add, whose result, where it tells one, is the value after it; read.</summary>
    Counter = 1,

    /// <summary>A text, at first empty: write, append, read. A result of null is the empty text.</summary>
    KeyValue = 2,

    /// <summary>A list, at first empty: append an element, read all. A result of null is the empty list.</summary>
    Append = 3,

    /// <summary>A set, at first empty: add a member, read all in any order. A result of null is the empty set.</summary>
    Set = 4,

    /// <summary>A lock, at first free, that does not know who holds it: acquire needs it free, release needs it held.</summary>
    Mutex = 5,
}

/// <summary>What operations a model has, by which names, and what arguments and results they need.</summary>
internal static class ModelRules
{
    private static readonly (string Name, HistoryModel Model)[] Models =
    [
        ("register", HistoryModel.Register), ("counter", HistoryModel.Counter), ("kv", HistoryModel.KeyValue),
        ("append", HistoryModel.Append), ("set", HistoryModel.Set), ("mutex", HistoryModel.Mutex),
    ];

    private static readonly (string Name, OperationFunction Function)[] Functions =
    [
        ("read", OperationFunction.Read), ("get", OperationFunction.Read), ("write", OperationFunction.Write), ("put", OperationFunction.Write),
        ("cas", OperationFunction.CompareAndSet), ("add", OperationFunction.Add), ("append", OperationFunction.Append),
        ("acquire", OperationFunction.Acquire), ("release", OperationFunction.Release),
    ];

    /// <summary>The model of a name on the command line.</summary>
    public static bool TryParse(string name, out HistoryModel model) => Find(Models, name, out model);

    /// <summary>The function of a name in a history.</summary>
    public static bool TryParse(string name, out OperationFunction function) => Find(Functions, name, out function);

    /// <summary>The name on the command line.</summary>
    public static string NameOf(HistoryModel model) => Array.Find(Models, pair => pair.Model == model).Name;

    /// <summary>The name in a history.</summary>
    public static string NameOf(OperationFunction function) => Array.Find(Functions, pair => pair.Function == function).Name;

    /// <summary>The operations a model has, as a sentence lists them.</summary>
    public static string Known(HistoryModel model) => model switch
    {
        HistoryModel.Register => "read, write and cas",
        HistoryModel.Counter => "add and read",
        HistoryModel.KeyValue => "get, put and append",
        HistoryModel.Append => "append and read",
        HistoryModel.Set => "add and read",
        _ => "acquire and release",
    };

    public static bool Has(HistoryModel model, OperationFunction function) => function switch
    {
        OperationFunction.Read => model != HistoryModel.Mutex,
        OperationFunction.Write => model is HistoryModel.Register or HistoryModel.KeyValue,
        OperationFunction.CompareAndSet => model == HistoryModel.Register,
        OperationFunction.Add => model is HistoryModel.Counter or HistoryModel.Set,
        OperationFunction.Append => model is HistoryModel.KeyValue or HistoryModel.Append,
        _ => model == HistoryModel.Mutex,
    };

    /// <summary>What is wrong with a call, after "it"; null if nothing is.</summary>
    public static string? ProblemOfCall(HistoryModel model, OperationFunction function, HistoryValue argument)
    {
        if (!Has(model, function))
            return $"asks the {NameOf(model)} model for {NameOf(function)}, which it does not have: it has {Known(model)}.";
        return (model, function) switch
        {
            (_, OperationFunction.CompareAndSet) when argument.Members.Count != 2 => $"has a cas of {argument}: give a list of two, the old value and the new one.",
            (HistoryModel.Counter, OperationFunction.Add) when argument.Kind != HistoryValueKind.Number => $"adds {argument} to a counter: give a whole number of 64 bits.",
            (HistoryModel.KeyValue, OperationFunction.Write or OperationFunction.Append) when argument.Kind != HistoryValueKind.Text => $"has a value of {argument}: the kv model holds texts.",
            (HistoryModel.Set, OperationFunction.Add) or (HistoryModel.Append, OperationFunction.Append) when argument.Kind is HistoryValueKind.Null or HistoryValueKind.List =>
                $"has an element of {argument}: give a number or a text.",
            _ => null,
        };
    }

    /// <summary>What is wrong with an answer, after "it"; null if nothing is.</summary>
    public static string? ProblemOfResult(HistoryModel model, OperationFunction function, HistoryValue? result) => (model, function, result) switch
    {
        (_, OperationFunction.Read, null) => "answers a read without a result: give what was read.",
        (HistoryModel.Counter, _, { Kind: not HistoryValueKind.Number } value) => $"tells {value} as a counter's value: give a whole number of 64 bits.",
        (HistoryModel.KeyValue, OperationFunction.Read, { Kind: not (HistoryValueKind.Text or HistoryValueKind.Null) } value) => $"reads {value}: the kv model holds texts.",
        (HistoryModel.Append or HistoryModel.Set, OperationFunction.Read, { Kind: not (HistoryValueKind.List or HistoryValueKind.Null) } value) => $"reads {value}: the {NameOf(model)} model is read as a list.",
        _ => null,
    };

    private static bool Find<T>((string Name, T Value)[] table, string name, out T value)
    {
        var place = Array.FindIndex(table, pair => pair.Name == name);
        value = place < 0 ? default! : table[place].Value;
        return place >= 0;
    }
}
