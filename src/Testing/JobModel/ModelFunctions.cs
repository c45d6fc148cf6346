using System.Globalization;

namespace RaftStream.Testing;

/// <summary>The user's code in a drawn topology: given, like the records, and not what is tested. Both the job and its reference call it.</summary>
internal static class ModelFunctions
{
    public const int Places = 8;
    public const int HashPartitions = 3;
    public const int TimePartitions = 2;
    public const int TurnPartitions = 3;
    public const int RangeBound = 5;
    public const int TopCount = 2;

    public static bool Keep(long salt, ModelRecord record) => Mix(salt, record) % 4 != 0;

    public static ModelRecord Map(long salt, ModelRecord record) => record with { Number = record.Number + (salt % 5) - 2 };

    /// <exception cref="PoisonRecordException">It is one that cannot be processed.</exception>
    public static ModelRecord Poison(long salt, ModelRecord record) => Mix(salt, record) % 9 == 0
        ? throw new PoisonRecordException($"poison {record}")
        : record;

    public static IReadOnlyList<ModelRecord> FlatMap(long salt, ModelRecord record) => (Mix(salt, record) % 3) switch
    {
        0 => [],
        1 => [record],
        _ => [record, record with { Key = Next(record.Key), Number = record.Number + 1 }],
    };

    public static bool IsFirstBranch(long salt, ModelRecord record) => Mix(salt, record) % 2 == 0;

    public static string TextKey(long salt, ModelRecord record) => salt % 3 == 0 ? record.Key[..1] : record.Key;

    /// <summary>One beyond the last place now and then, which is poison where the sums are kept.</summary>
    public static int Place(ModelRecord record) => (int)(((record.Number % (Places + 1)) + Places + 1) % (Places + 1));

    public static long Score(string shown, long number) => ((number % 7) + 7) % 7 + shown.Length;

    public static string LookupText(ModelRecord record) => record.Key;

    public static int LookupNumber(ModelRecord record) => (int)(((record.Number % 3) + 3) % 3);

    /// <summary>The same for any grouping: that of the first with the number of the last.</summary>
    public static ModelRecord Reduce(ModelRecord left, ModelRecord right) => new(left.Key, right.Number, Math.Max(left.Time, right.Time));

    public static ModelRecord OfResult(string key, long number, long start) => new(key.Length > 3 ? key[..3] : key, number, start);

    public static ModelRecord OfRank(int rank, string key, long number) => new(key, number, rank);

    public static ModelRecord OfJoin(ModelRecord? left, ModelRecord? right) =>
        new((left ?? right)!.Value.Key, (3 * (left?.Number ?? 100)) + (right?.Number ?? 1000), Math.Max(left?.Time ?? 0, right?.Time ?? 0));

    public static ModelRecord OfTableJoin(ModelRecord record, string? row, long number) => record with { Number = record.Number + number + (row?.Length ?? -1) };

    /// <summary>What a sink writes into a file.</summary>
    public static string Line(int padding, ModelRecord record) => record.ToString() + new string('.', padding);

    public static string Show(long value) => value.ToString(CultureInfo.InvariantCulture);

    public static string Show(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    public static string Show(ModelRecord value) => value.ToString();

    public static string Show(IReadOnlyList<ModelRecord> values) => string.Join(';', values);

    /// <summary>A number of a double: no number is 0.</summary>
    public static long Whole(double value) => double.IsNaN(value) ? 0 : (long)(value * 4);

    private static string Next(string key) => (char)('a' + ((key[0] - 'a' + 1) % 4)) + key[1..];

    private static long Mix(long salt, ModelRecord record) => Math.Abs(((record.Number * 31) + record.Key.Length + (record.Key.Length > 0 ? record.Key[0] : 0) + (salt * 17)) % 1009);
}
