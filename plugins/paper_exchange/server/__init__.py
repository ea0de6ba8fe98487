"""The venue's wire: REST and websockets in the words of Binance USDⓈ-M futures."""
