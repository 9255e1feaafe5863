namespace ManagedGemma.Hub.Transfer;

/// <summary>A transfer ended before its end in a way that another attempt may mend. Its message is for people.</summary>
internal sealed class TransferInterruptedException(string message, Exception? innerException = null) : Exception(message, innerException);
