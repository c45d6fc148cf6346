namespace RaftStream.Lab;

/// <summary>What the programs' exit codes mean.</summary>
internal static class ExitCodes
{
    /// <summary>Everything is fine.</summary>
    public const int Fine = 0;

    /// <summary>A check found a violation.</summary>
    public const int Violation = 1;

    /// <summary>Time or memory ran out before there was an answer.</summary>
    public const int Undecided = 2;

    /// <summary>The command was called in a way it does not know, or with input it cannot use.</summary>
    public const int BadUsage = 64;

    /// <summary>The program itself failed.</summary>
    public const int Internal = 70;
}
