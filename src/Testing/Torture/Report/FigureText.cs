using System.Globalization;

namespace RaftStream.Testing;

/// <summary>Figures as a reader wants them: three digits that mean something, and a unit.</summary>
internal static class FigureText
{
    private static readonly CultureInfo Invariant = CultureInfo.InvariantCulture;

    /// <summary>12,345.</summary>
    public static string Count(long count) => count.ToString("#,0", Invariant);

    /// <summary>A share from 0 to 1 in hundredths. What is not quite all is never rounded up to all, nor what is not quite nothing down to nothing.</summary>
    public static string Share(double? share) => share switch
    {
        null => "–",
        0 => "0 %",
        1 => "100 %",
        < 0.0001 => "< 0.01 %",
        > 0.9999 => "> 99.99 %",
        < 0.1 or > 0.99 => (share.Value * 100).ToString("0.00", Invariant) + " %",
        _ => (share.Value * 100).ToString("0.0", Invariant) + " %",
    };

    /// <summary>A duration in the unit that suits it, from microseconds to hours.</summary>
    public static string Duration(double seconds) => seconds switch
    {
        <= 0 => "0 s",
        < 0.000_999_5 => Digits(seconds * 1e6) + " µs",
        < 0.999_5 => Digits(seconds * 1e3) + " ms",
        < 599.5 => Digits(seconds) + " s",
        < 7_170 => Digits(seconds / 60) + " min",
        _ => Digits(seconds / 3_600) + " h",
    };

    /// <summary>A moment of a run, in seconds from its start.</summary>
    public static string At(double seconds) => seconds.ToString("#,0.0##", Invariant) + " s";

    /// <summary>So many a second.</summary>
    public static string Rate(double? rate) => rate is { } some ? (some >= 100 ? Count((long)Math.Round(some)) : Digits(some)) + " /s" : "–";

    /// <summary>A coordinate in a picture: a tenth of a point is finer than any paper.</summary>
    public static string Coordinate(double value) => Math.Round(value, 1).ToString("0.#", Invariant);

    /// <summary>The word for a function.</summary>
    public static string Function(OperationFunction function) => function switch
    {
        OperationFunction.Read => "read",
        OperationFunction.Write => "write",
        OperationFunction.CompareAndSet => "cas",
        OperationFunction.Add => "add",
        OperationFunction.Append => "append",
        OperationFunction.Acquire => "acquire",
        _ => "release",
    };

    /// <summary>Three digits that mean something.</summary>
    public static string Digits(double value) => value switch
    {
        >= 999.5 => value.ToString("#,0", Invariant),
        >= 99.95 => value.ToString("0", Invariant),
        >= 9.995 => value.ToString("0.#", Invariant),
        _ => value.ToString("0.##", Invariant),
    };
}
